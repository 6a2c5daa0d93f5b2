/** How a certificate gets onto a target. One for each way; each says what it did not manage. */
import type { Clock } from "../clock.ts";
import type { Failure } from "../http/failure.ts";
import type { HttpClient } from "../http/http.ts";
import type { Bundle } from "./bundle.ts";
import { FileInstaller } from "./files.ts";
import { HaproxyRuntime } from "./haproxy_runtime.ts";
import { KubernetesInstaller } from "./kubernetes.ts";
import { LabInstaller } from "./lab.ts";
import type { Installation } from "./options.ts";

export interface Installer {
  /** From now on the target shall serve it. */
  install(bundle: Bundle, signal: AbortSignal): Promise<Failure | undefined>;
  /**
   * Looks at what is there before anything is installed, and gives what brings it back, with its name; undefined where
   * nothing need be brought back.
   */
  former(signal: AbortSignal): Promise<Restore | Failure | undefined>;
}

export interface Restore {
  /** What stays behind where it fails: `the certificate of nginx in /etc/nginx/target.crt`. */
  readonly what: string;
  readonly restore: (signal: AbortSignal) => Promise<Failure | undefined>;
}

export interface InstallerContext {
  /** Not measured. */
  readonly client: HttpClient;
  readonly clock: Clock;
  readonly timeoutMs: number;
}

export function installerFor(
  given: Installation,
  label: string,
  context: InstallerContext,
): Installer {
  const { files, haproxy, lab, kubernetes } = given;
  if (files !== undefined) return new FileInstaller(files, label);
  if (haproxy !== undefined) return new HaproxyRuntime(haproxy, label);
  if (lab !== undefined) return new LabInstaller(lab, label, context);
  return new KubernetesInstaller(kubernetes!, label, context);
}

/** What certload, in the agent's place, could not do on this host or its target. */
export function notInstalled(label: string, why: string): Failure {
  return { class: "client", message: `Cannot install the certificate on ${label}: ${why}` };
}
