/** Options that ACME flows share, as parts of their schemas. */
import { z } from "zod";
import { headers } from "../plan/headers.ts";
import { isIpAddress } from "../identifier.ts";
import { duration, parseDuration } from "../plan/units.ts";
import { hasNoUser, NO_USER } from "../plan/url.ts";
import { decodeBase64url } from "../keys/base64url.ts";
import { parseAddress } from "./challenge/address.ts";
import type { ResponderOptions } from "./challenge/responder.ts";
import type { Algorithm } from "../keys/keys.ts";

/** Where the server is, and what to send it with every request. */
export const endpointOptions = {
  directory: z.string().refine(isDirectory, {
    error: "must be an http(s) URL, or a path on the target that starts with /",
  }).refine(hasNoUser, NO_USER).describe(
    "ACME directory: an http(s) URL, or a path on the target that starts with /",
  ),
  headers: headers().describe(
    "For the directory's origin alone; on the target, in place of the target's",
  ),
};

export const accountOptions = {
  account_key: z.enum(["ES256", "ES384", "RS256", "EdDSA"]).default("ES256").describe(
    "Algorithm of the accounts' keys",
  ),
  contact: z.array(z.string()).default([]).describe("Contacts of new accounts, mailto: URLs"),
  agree_to_terms: z.boolean().default(true).describe("Agree to the server's terms of service"),
  eab: z.strictObject({
    kid: z.string().min(1).describe("The binding's key identifier"),
    hmac_key: z.string().refine((key) => hmacKeyOf(key) !== undefined, {
      error: "must be the HMAC key in base64url",
    }).describe("The binding's HMAC key in base64url; a secret"),
  }).optional().describe("External account binding (RFC 8555 section 7.3.4)"),
};

export const accounts = z.union([z.int().min(1).max(10_000), z.literal("per_flow")]);

/** What a scenario registers before the clock, in words; new accounts of each time are arrivals' own. */
export function accountsMade(count: number | "per_flow"): string | undefined {
  return count === "per_flow" ? undefined : `${count} accounts`;
}

export const orderOptions = {
  identifiers: z.union([identifier(), z.array(identifier()).min(1).max(100)])
    .default("{id}.example.test").describe(
      "DNS names and IP addresses of an order; {id} is unique to it, {n} counts 1 to `names`",
    ),
  names: z.int().min(1).max(100).default(1).describe("How often a name with {n} is repeated"),
  not_before: instantOption().describe("Asked for in the order: RFC 3339, or +12h from now"),
  not_after: instantOption().describe("The same for the end"),
  profile: z.string().min(1).optional().describe("Certificate profile to ask for"),
  certificate_key: z.enum(["ec-p256", "ec-p384", "rsa-2048"]).default("ec-p256").describe(
    "Type of the certificates' keys",
  ),
  certificate_keys: z.union([z.int().min(1).max(1000), z.literal("per_order")]).optional().describe(
    "How many keys the certificates share; per_order is the default except for RSA, where it is 8",
  ),
  prepare: z.boolean().default(true).describe("Make keys and requests before the clock starts"),
};

export const challengeOptions = {
  challenge: z.strictObject({
    type: z.enum(["http-01", "tls-alpn-01", "dns-01"]).describe("Which of them"),
    listen: z.union([z.literal("none"), address()]).optional().describe(
      "Where the responder listens; none for a server that does not look",
    ),
    dns: address().optional().describe(
      "Where to listen as a DNS server that gives dns_answer to every name",
    ),
    dns_answer: z.ipv4().default("127.0.0.1").describe("Address that `dns` gives"),
  }).optional().describe("How to prove control of the names, for servers that want it"),
  poll: z.strictObject({
    interval: duration().prefault("250ms").describe(
      "Least wait between polls, whatever Retry-After says",
    ),
    timeout: duration().prefault("60s").describe(
      "Longest wait for one state, whatever Retry-After says",
    ),
    honour_retry_after: z.boolean().default(true).describe(
      "Wait as long as the server asks for, where that is longer than `interval`",
    ),
  }).prefault({}),
};

const DEFAULT_LISTEN = {
  "http-01": "127.0.0.1:5002",
  "tls-alpn-01": "127.0.0.1:5001",
  "dns-01": "127.0.0.1:8053",
} as const;

/** The responder that the options ask for; undefined when none is to be opened. */
export function responderOptions(
  challenge: z.output<typeof challengeOptions.challenge>,
): ResponderOptions | undefined {
  if (challenge === undefined || challenge.listen === "none") return undefined;
  const { type, listen = DEFAULT_LISTEN[type], dns, dns_answer: dnsAnswer } = challenge;
  return { type, listen, dns, dnsAnswer };
}

/** The HMAC key of an external account binding; undefined when the text is no base64url. */
export function hmacKeyOf(text: string): Uint8Array | undefined {
  const key = decodeBase64url(text.replace(/=+$/, ""));
  return key === undefined || key.length === 0 ? undefined : key;
}

/** The algorithm that a certificate's key signs with. */
export function certificateAlgorithm(type: "ec-p256" | "ec-p384" | "rsa-2048"): Algorithm {
  return ({ "ec-p256": "ES256", "ec-p384": "ES384", "rsa-2048": "RS256" } as const)[type];
}

/** RFC 3339 of an instant or of an offset from now (`+12h`, `+90d`). */
export function instantOf(text: string, nowMs: number): string {
  const instant = text.startsWith("+") ? nowMs + parseDuration(text.slice(1))! : Date.parse(text);
  return new Date(instant).toISOString().replace(/\.\d+Z$/, "Z");
}

function instantOption(): z.ZodOptional<z.ZodString> {
  return z.string().refine(isInstant, {
    error: "must be an RFC 3339 instant, or an offset from now such as +12h or +90d",
  }).optional();
}

function isInstant(text: string): boolean {
  return text.startsWith("+")
    ? parseDuration(text.slice(1)) !== undefined
    : !Number.isNaN(Date.parse(text));
}

function identifier(): z.ZodString {
  return z.string().refine(isTemplate, {
    error: "must be a DNS name or an IP address, in which {id} and {n} are the only placeholders",
  });
}

function isTemplate(text: string): boolean {
  const name = text.replaceAll("{id}", "x").replaceAll("{n}", "1");
  return isIpAddress(name) ||
    name.length <= 200 && /^(\*\.)?([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)*[a-z0-9-]+$/i.test(name);
}

function address(): z.ZodString {
  return z.string().refine((text) => parseAddress(text) !== undefined, {
    error: "must be host:port",
  });
}

function isDirectory(value: string): boolean {
  // Two slashes would name another host.
  return /^\/(?![/\\])/.test(value) || (/^https?:\/\//i.test(value) && URL.canParse(value));
}
