/**
 * The ACME directory (RFC 8555 section 7.1.1): the one URL a client is given, and the map to all others.
 */
import { type Failure, isFailure } from "../http/failure.ts";
import type { Exchange, HttpRequest } from "../http/http.ts";
import type { Expectation } from "../http/expectation.ts";
import type { HeadersFor } from "../http/origin_headers.ts";
import { acmeExpectation, unexpected } from "./answer.ts";
import { parseObject, quotedBody } from "./body.ts";
import { locationOf } from "./location.ts";
import type { Sender } from "../http/step.ts";

/** Absolute URLs of the resources, and what the server says about itself. A flow asks for those that it needs. */
export interface Directory {
  readonly newNonce: string;
  readonly newAccount?: string;
  readonly newOrder?: string;
  readonly revokeCert?: string;
  readonly keyChange?: string;
  /** RFC 9773; absent where the server has no renewal information. */
  readonly renewalInfo?: string;
  readonly termsOfService?: string;
  readonly externalAccountRequired: boolean;
  /** Profile names (draft-ietf-acme-profiles); undefined when the server names none. */
  readonly profiles?: readonly string[];
}

/** What every server has (RFC 8555 section 7.1.1). */
const RESOURCES = ["newNonce", "newAccount", "newOrder", "revokeCert", "keyChange"] as const;
export type Resource = (typeof RESOURCES)[number];

const MAX_REDIRECTS = 5;

/** Resolves the option `directory`: an absolute URL, or a path under the plan's target. */
export function directoryUrl(directory: string, baseUrl: string): URL {
  return directory.startsWith("/")
    ? new URL(baseUrl.replace(/\/+$/, "") + directory)
    : new URL(directory);
}

/** Resources that are needed and that the server does not have. */
export function missingFrom(
  directory: Directory,
  needed: readonly Resource[] = RESOURCES,
): readonly Resource[] {
  return needed.filter((resource) => directory[resource] === undefined);
}

/** The failure of a server without them. */
export function lacks(...resources: readonly Resource[]): Failure {
  return unexpected(`The directory has no ${resources.join(", ")} (RFC 8555 section 7.1.1)`);
}

export function directoryRequest(url: URL, headersFor: HeadersFor): HttpRequest {
  return { method: "GET", url, headers: headersFor(url) };
}

interface ReadDirectory {
  readonly directory?: Directory;
  readonly exchange: Exchange;
  readonly failure?: Failure;
}

/** Reads the directory as the step `directory`, redirects within the origin included. */
export async function readDirectory(sender: Sender, request: HttpRequest): Promise<ReadDirectory> {
  let directory: Directory | undefined;
  let redirects = 0;
  const again = (exchange: Exchange): Promise<HttpRequest | undefined> => {
    const url = redirects++ < MAX_REDIRECTS ? redirectOf(exchange) : undefined;
    return Promise.resolve(url && { ...request, url });
  };
  const expect = expectDirectory((parsed) => directory = parsed);
  const { exchange, failure } = await sender.step("directory", request, expect, { again });
  return { directory, exchange, failure };
}

const REDIRECTS: readonly number[] = [301, 302, 303, 307, 308];

/** Where the answer sends the client within its origin: what the plan's headers are for goes nowhere else. */
function redirectOf(exchange: Exchange): URL | undefined {
  if (!REDIRECTS.includes(exchange.status)) return undefined;
  const location = locationOf(exchange);
  if (location === undefined || isFailure(location)) return undefined;
  const url = new URL(location);
  return url.origin === exchange.request.url.origin ? url : undefined;
}

/** Accepts a directory and nothing else; `seen` gets it parsed. */
function expectDirectory(seen: (directory: Directory) => void): Expectation {
  return acmeExpectation([200], "application/json", (exchange) => {
    const directory = parseDirectory(exchange.body);
    if (typeof directory === "string") return directory;
    seen(directory);
    return undefined;
  });
}

/** The directory in an answer's body, or a sentence that says what is wrong with it. */
export function parseDirectory(body: Exchange["body"]): Directory | string {
  const value = parseObject(body);
  if (value === undefined) return `The directory is not a JSON object: ${quotedBody(body)}`;
  if (isAbsent(value.newNonce)) {
    return `The directory has no newNonce (RFC 8555 section 7.1.1): ${quotedBody(body)}`;
  }
  for (const field of [...RESOURCES, "renewalInfo"]) {
    if (!isAbsent(value[field]) && !isHttpUrl(value[field])) {
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
  const url = (field: Resource | "renewalInfo"): string | undefined =>
    isAbsent(value[field]) ? undefined : value[field] as string;
  return {
    newNonce: value.newNonce as string,
    newAccount: url("newAccount"),
    newOrder: url("newOrder"),
    revokeCert: url("revokeCert"),
    keyChange: url("keyChange"),
    renewalInfo: url("renewalInfo"),
    termsOfService: typeof meta.termsOfService === "string" ? meta.termsOfService : undefined,
    externalAccountRequired: meta.externalAccountRequired === true,
    profiles: typeof meta.profiles === "object" && meta.profiles !== null
      ? Object.keys(meta.profiles)
      : undefined,
  };
}

/** Some servers write null or an empty text for what they do not have. */
function isAbsent(value: unknown): boolean {
  return value === undefined || value === null || value === "";
}

function isHttpUrl(value: unknown): boolean {
  return typeof value === "string" && /^https?:\/\//i.test(value) && URL.canParse(value);
}
