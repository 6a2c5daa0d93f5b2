/**
 * `create_certificate`: POST /api/v1/certificates, certctl's issuance-acceptance hot path (auth, JSON, validation, one
 * INSERT, one audit row; the issuance itself happens elsewhere). Every request has a common name of its own, since names
 * are unique in certctl, and an `expires_at` beyond the 31 days in which the renewal check would pick the row up.
 */
import { z } from "zod";
import { certificateOptions } from "../certctl/certificate_options.ts";
import type { Failure } from "../http/failure.ts";
import type { Expectation, Flow, FlowContext, FlowDefinition, Iteration } from "./flow.ts";
import { requireField } from "../http/json_body.ts";
import { apiHeaders, apiUrl } from "../http/api_headers.ts";

const options = z.strictObject({
  ...certificateOptions,
  environment: z.string().max(50).default("loadtest").describe("Its label"),
});

type Options = z.output<typeof options>;

export const createCertificate: FlowDefinition<Options> = {
  name: "create_certificate",
  summary: "POST /api/v1/certificates with a unique common name; 201 and an id expected",
  tier: "api",
  options,
  changes: () => "adds",
  steps: () => ["create"],
  create: (context) => new CreateCertificate(context),
};

const CREATED: Expectation = {
  status: [201],
  contentType: "application/json",
  check: requireField("id", "a text", (value) => typeof value === "string" && value !== ""),
};

class CreateCertificate implements Flow {
  readonly #url: URL;
  readonly #headers: Record<string, string>;
  readonly #options: Options;
  readonly #encoder = new TextEncoder();

  constructor({ target, options }: FlowContext<Options>) {
    this.#url = apiUrl(target, "/api/v1/certificates");
    this.#headers = apiHeaders(target, this.#url, { "content-type": "application/json" });
    this.#options = options;
  }

  async run(iteration: Iteration): Promise<Failure | undefined> {
    const request = {
      method: "POST",
      url: this.#url,
      headers: this.#headers,
      body: this.#encoder.encode(JSON.stringify(this.#certificate(iteration))),
    };
    return (await iteration.step("create", request, CREATED)).failure;
  }

  #certificate(iteration: Iteration): Record<string, unknown> {
    const { domain, expires_in: expiresInMs, ...references } = this.#options;
    const commonName = `${iteration.id}.${domain}`;
    return {
      name: commonName,
      common_name: commonName,
      sans: [commonName],
      ...references,
      expires_at: new Date(Date.now() + expiresInMs).toISOString(),
    };
  }
}
