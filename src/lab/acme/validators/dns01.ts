/** dns-01 (RFC 8555 section 8.4): the digest of the key authorization in a TXT record. */
import { createHash } from "node:crypto";
import type { AcmeSettings } from "../options.ts";
import { Problem } from "../problem.ts";
import type { Validation } from "../validations.ts";

export async function validateDns01(
  { name, keyAuthorization }: Validation,
  settings: AcmeSettings,
  signal: AbortSignal,
): Promise<void> {
  const record = `_acme-challenge.${name}`;
  const expected = createHash("sha256").update(keyAuthorization).digest("base64url");
  const texts = await resolve(record, settings.dns01Resolver, signal);
  if (texts.includes(expected)) return;
  const seen = texts.map((text) => JSON.stringify(text.slice(0, 100))).join(", ");
  throw new Problem(
    "incorrectResponse",
    403,
    `the TXT records of ${record} must have ${expected}, they have ${seen || "nothing"}`,
  );
}

/** The parts of a record joined (RFC 1035 section 3.3.14). */
async function resolve(name: string, resolver: string, signal: AbortSignal): Promise<string[]> {
  const [, ipAddr = resolver, port = "53"] = /^(.*):(\d+)$/.exec(resolver) ?? [];
  try {
    const nameServer = { ipAddr: ipAddr.replace(/^\[|\]$/g, ""), port: Number(port) };
    const records = await Deno.resolveDns(name, "TXT", { nameServer, signal });
    return records.map((parts) => parts.join(""));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw new Problem("dns", 400, `${name} cannot be resolved: ${(error as Error).message}`);
  }
}
