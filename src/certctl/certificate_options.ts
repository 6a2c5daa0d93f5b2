/** Options of flows that create certificates, and what they ask for by them. The rows are those of certctl's demo seed. */
import { z } from "zod";
import { duration } from "../plan/units.ts";
import type { NewCertificate } from "./api.ts";

export const certificateOptions = {
  owner_id: z.string().default("o-alice").describe("A row of the server's, as the next three"),
  team_id: z.string().default("t-platform").describe("Whose certificates they are"),
  issuer_id: z.string().default("iss-local").describe("Who issues them"),
  renewal_policy_id: z.string().default("rp-standard").describe("How they are renewed"),
  domain: z.string().default("loadtest.example.com").describe("Suffix of their common names"),
  expires_in: duration().prefault("90d").describe(
    "Stated lifetime; under 31 days the server's renewal check would work on them during the run",
  ),
};

export interface CertificateOptions {
  readonly owner_id: string;
  readonly team_id: string;
  readonly issuer_id: string;
  readonly renewal_policy_id: string;
  readonly domain: string;
  /** Milliseconds. */
  readonly expires_in: number;
}

/** A certificate for these names, the first of which is its own and its common name. */
export function newCertificate(
  options: CertificateOptions,
  names: readonly string[],
  environment: string,
): NewCertificate {
  const [commonName = ""] = names;
  return {
    name: commonName,
    commonName,
    sans: names,
    ownerId: options.owner_id,
    teamId: options.team_id,
    issuerId: options.issuer_id,
    renewalPolicyId: options.renewal_policy_id,
    environment,
    expiresAt: new Date(Date.now() + options.expires_in).toISOString(),
  };
}
