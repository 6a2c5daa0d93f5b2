/** How a Kubernetes API server is reached, and as whom. */
import { messageOf } from "../message_of.ts";
import type { TlsOptions } from "../plan/plan.ts";

export interface ClusterAccess {
  /** Where everything is sent, and credentials nowhere else: `https://host:port`, perhaps with a path. No slash at the end. */
  readonly server: string;
  readonly tls: TlsOptions;
  /** Of the context, or of the pod; `default` where it names none. */
  readonly namespace: string;
  /** A bearer token. */
  readonly token?: string;
  /** A bearer token that is written anew from time to time, so read again. */
  readonly tokenFile?: string;
}

/** Why there is no access, in a sentence that says what to do. */
export interface NoAccess {
  readonly refused: string;
}

/** What reading an access needs of the host. */
export interface AccessHost {
  /** Throws an Error when it cannot. */
  readonly readFile: (path: string) => string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Without the path, which is told beside it. */
export function reasonOf(error: unknown): string {
  const code = (error as { code?: unknown }).code;
  if (code === "ENOENT") return "it does not exist";
  if (code === "EACCES") return "it may not be read by this user";
  if (code === "EISDIR") return "it is a folder";
  return messageOf(error);
}
