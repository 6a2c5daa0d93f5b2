/** certctl's environment names for what the lab has of its settings. Pure. */
import { parseDuration } from "./acme/environment.ts";
import type { JsonOptions } from "./options_schema.ts";

/** As in certctl, a value that is none is as good as no variable. */
export function labOptionsFromEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
): Pick<JsonOptions, "keygen" | "scheduler"> {
  const keygen = environment["CERTCTL_KEYGEN_MODE"];
  const concurrency = Number(environment["CERTCTL_RENEWAL_CONCURRENCY"] || NaN);
  const intervalMs = parseDuration(
    environment["CERTCTL_SCHEDULER_JOB_PROCESSOR_INTERVAL"] ?? "",
  );
  return {
    ...(keygen === "agent" || keygen === "server") && { keygen },
    scheduler: {
      ...Number.isInteger(concurrency) && { concurrency: Math.max(1, concurrency) },
      ...(intervalMs && { intervalMs: Math.max(1, intervalMs) }),
    },
  };
}
