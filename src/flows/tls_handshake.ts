/**
 * `tls_handshake`: for every arrival a new TCP connection, a full TLS handshake and one GET, against a TLS daemon that
 * certificates are deployed to. The served certificate is reported, and checked when the plan says what it should be.
 */
import { z } from "zod";
import { headers } from "../plan/headers.ts";
import { httpUrl } from "../plan/url.ts";
import type { Failure } from "../http/failure.ts";
import type { Exchange, ServerCertificate } from "../http/http.ts";
import type { Expectation, FlowDefinition } from "./flow.ts";
import { statuses } from "./options.ts";

const expectOptions = z.strictObject({
  fingerprint: z.string().transform((text) => text.replaceAll(":", "").toLowerCase())
    .pipe(
      z.string().regex(/^[0-9a-f]{64}$/, "must be a SHA-256 fingerprint: 64 hexadecimal digits"),
    )
    .meta({ pattern: "^:*(?:[0-9A-Fa-f]:*){64}$" })
    .optional().describe("SHA-256 of the served certificate, hexadecimal, colons allowed"),
  name: z.string().optional().describe("DNS name or address that the certificate must be for"),
  min_days_left: z.number().min(0).optional().describe(
    "Days that the certificate must still be valid",
  ),
});

const options = z.strictObject({
  target_type: z.enum(["nginx", "apache", "haproxy", "f5", "other"]).default("other").describe(
    "Name in the summary's connector tier",
  ),
  url: httpUrl("https").describe("What is asked for once the connection is there"),
  headers: headers().describe("Sent with the GET"),
  status: statuses().describe("Accepted status or statuses"),
  expect: expectOptions.prefault({}),
});

type Options = z.output<typeof options>;
type Expected = Options["expect"];

export const tlsHandshake: FlowDefinition<Options> = {
  name: "tls_handshake",
  summary: "A new connection, a full TLS handshake and one GET per arrival",
  tier: "connector",
  options,
  changes: () => "idempotent",
  serverUrl: ({ url }) => url,
  steps: () => ["handshake"],
  create: ({ options }) => {
    const request = { method: "GET", url: new URL(options.url), headers: options.headers };
    const expect: Expectation = {
      status: options.status,
      check: (exchange) => wrongCertificate(exchange, options.expect),
    };
    return {
      run: async (iteration) =>
        (await iteration.step("handshake", request, expect, { fresh: true })).failure,
    };
  },
};

function wrongCertificate(exchange: Exchange, expected: Expected): Failure | undefined {
  const { certificate } = exchange;
  if (certificate === undefined) {
    const checks = Object.values(expected).some((value) => value !== undefined);
    return checks ? wrong("the served certificate could not be read") : undefined;
  }
  const { fingerprint, name, min_days_left: days } = expected;
  if (fingerprint !== undefined && certificate.fingerprintSha256 !== fingerprint) {
    return wrong(`expected fingerprint ${fingerprint}, served ${certificate.fingerprintSha256}`);
  }
  if (name !== undefined && !servesName(certificate, name)) {
    return wrong(
      `expected a certificate for ${name}, served one for ${certificate.sans.join(", ")}`,
    );
  }
  if (days !== undefined && daysLeft(certificate) < days) {
    return wrong(
      `expected ${days} more days of validity, served one that ends ${certificate.notAfter}`,
    );
  }
  return undefined;
}

function wrong(message: string): Failure {
  return { class: "wrong_certificate", message };
}

function daysLeft(certificate: ServerCertificate): number {
  return (Date.parse(certificate.notAfter) - Date.now()) / 86_400_000;
}

/** RFC 9525 section 6.3: a wildcard stands for the whole left-most label and nothing else. */
export function servesName(certificate: ServerCertificate, name: string): boolean {
  const wanted = name.toLowerCase();
  const parent = wanted.slice(wanted.indexOf("."));
  return certificate.sans.some((san) => {
    const served = san.toLowerCase();
    return served === wanted || (served.startsWith("*.") && served.slice(1) === parent);
  });
}
