/**
 * The ACME directory (RFC 8555 section 7.1.1): the one URL a client is given, and the map to all others.
 */
import type { Exchange, HttpRequest } from "../../transport/http.ts";
import { excerpt, parseObject } from "./body.ts";
import { judge } from "./answer.ts";
import type { Expectation } from "../flow.ts";
import type { HeadersFor } from "../origin_headers.ts";

/** Absolute URLs of the resources, and what the server says about itself. */
export interface Directory {
  readonly newNonce: string;
  readonly newAccount: string;
  readonly newOrder: string;
  readonly revokeCert: string;
  readonly keyChange: string;
  /** RFC 9773; absent where the server has no renewal information. */
  readonly renewalInfo?: string;
  readonly termsOfService?: string;
  readonly externalAccountRequired: boolean;
  /** Profile names (draft-ietf-acme-profiles); undefined when the server names none. */
  readonly profiles?: readonly string[];
}

const REQUIRED = ["newNonce", "newAccount", "newOrder", "revokeCert", "keyChange"] as const;

/** Resolves the option `directory`: an absolute URL, or a path on the plan's target. */
export function directoryUrl(directory: string, baseUrl: string): URL {
  return new URL(directory, baseUrl);
}

export function directoryRequest(url: URL, headersFor: HeadersFor): HttpRequest {
  return { method: "GET", url, headers: headersFor(url) };
}

/** Accepts a directory and nothing else; `seen` gets it parsed. */
export function expectDirectory(seen: (directory: Directory) => void): Expectation {
  return judge([200], "application/json", (exchange) => {
    const directory = parseDirectory(exchange.body);
    if (typeof directory === "string") return directory;
    seen(directory);
    return undefined;
  });
}

/** The directory in an answer's body, or a sentence that says what is wrong with it. */
export function parseDirectory(body: Exchange["body"]): Directory | string {
  const value = parseObject(body);
  if (value === undefined) return `The directory is not a JSON object: ${excerpt(body)}`;
  const missing = REQUIRED.filter((field) => value[field] === undefined);
  if (missing.length > 0) {
    return `The directory has no ${missing.join(", ")} (RFC 8555 section 7.1.1): ${excerpt(body)}`;
  }
  for (const field of [...REQUIRED, "renewalInfo"]) {
    if (value[field] !== undefined && !isHttpUrl(value[field])) {
      return `The directory's ${field} is no absolute http(s) URL: ${JSON.stringify(value[field])}`;
    }
  }
  return toDirectory(value);
}

function toDirectory(value: Record<string, unknown>): Directory {
  const meta = (typeof value.meta === "object" && value.meta !== null ? value.meta : {}) as Record<
    string,
    unknown
  >;
  return {
    newNonce: value.newNonce as string,
    newAccount: value.newAccount as string,
    newOrder: value.newOrder as string,
    revokeCert: value.revokeCert as string,
    keyChange: value.keyChange as string,
    renewalInfo: value.renewalInfo as string | undefined,
    termsOfService: typeof meta.termsOfService === "string" ? meta.termsOfService : undefined,
    externalAccountRequired: meta.externalAccountRequired === true,
    profiles: typeof meta.profiles === "object" && meta.profiles !== null
      ? Object.keys(meta.profiles)
      : undefined,
  };
}

function isHttpUrl(value: unknown): boolean {
  return typeof value === "string" && /^https?:\/\//i.test(value) && URL.canParse(value);
}
