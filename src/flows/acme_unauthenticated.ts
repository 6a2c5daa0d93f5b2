/**
 * `acme_unauthenticated`: what any client does before it signs anything. `directory`, then `new_nonce`, then
 * `renewal_info` for an id that no certificate has, where 400 or 404 is the success: it measures the server's lookup.
 *
 * RFC 9773 makes renewal information optional, so without `renewalInfo` in the directory the third step is left out
 * and counted as `renewal_info_skipped`; a threshold over it then fails as "no data" rather than pass unseen.
 */
import { z } from "zod";
import type { Failure } from "../http/failure.ts";
import type { HttpRequest } from "../http/http.ts";
import type { Expectation, Flow, FlowContext, FlowDefinition, Iteration } from "./flow.ts";
import { renewalInfoUrl } from "../acme/renewal_info.ts";
import type { HeadersFor } from "../http/origin_headers.ts";
import { acmeExpectation } from "../acme/answer.ts";
import { EXPECT_NONCE } from "../acme/client.ts";
import { directoryRequest, directoryUrl, readDirectory } from "../acme/directory.ts";
import { acmeHeaders, directoryHeaders } from "../acme/headers.ts";
import { endpointOptions } from "../acme/options.ts";

const options = z.strictObject({
  ...endpointOptions,
  renewal_info_id: z.string().min(1).default("aaaa.bbbb").describe(
    "Certificate id (RFC 9773 section 4.1) that the server is not expected to know",
  ),
});

export type UnauthenticatedOptions = z.output<typeof options>;

export const acmeUnauthenticated: FlowDefinition<UnauthenticatedOptions> = {
  name: "acme_unauthenticated",
  summary: "ACME directory, new nonce, and renewal info of an unknown certificate",
  tier: "acme",
  options,
  measures: {
    counters: { renewal_info_skipped: "arrivals whose directory has no renewal information" },
  },
  changes: () => "idempotent",
  serverUrl: ({ directory }) => directory,
  steps: () => ["directory", "new_nonce", "renewal_info"],
  create: (context) => new Unauthenticated(context),
};

const EXPECT_UNKNOWN: Expectation = acmeExpectation([400, 404], undefined);

class Unauthenticated implements Flow {
  readonly #directory: HttpRequest;
  readonly #headersFor: HeadersFor;
  readonly #renewalInfoId: string;
  /** Servers name the same resources every time; the same request object lets the client reuse what it derives. */
  readonly #requests = new Map<string, HttpRequest>();

  constructor({ options, target }: FlowContext<UnauthenticatedOptions>) {
    const url = directoryUrl(options.directory, target.baseUrl);
    this.#headersFor = acmeHeaders(url, directoryHeaders(url, target, options.headers));
    this.#renewalInfoId = options.renewal_info_id;
    this.#directory = directoryRequest(url, this.#headersFor);
  }

  async run(iteration: Iteration): Promise<Failure | undefined> {
    const { directory, failure } = await readDirectory(iteration, this.#directory);
    if (directory === undefined) return failure;
    const nonce = this.#request("HEAD", directory.newNonce);
    const second = await iteration.step("new_nonce", nonce, EXPECT_NONCE);
    if (directory.renewalInfo === undefined) {
      iteration.count("renewal_info_skipped");
      return second.failure;
    }
    const info = this.#request("GET", renewalInfoUrl(directory.renewalInfo, this.#renewalInfoId));
    const third = await iteration.step("renewal_info", info, EXPECT_UNKNOWN);
    return second.failure ?? third.failure;
  }

  #request(method: string, href: string): HttpRequest {
    const known = this.#requests.get(href);
    if (known !== undefined) return known;
    const url = new URL(href);
    const request = { method, url, headers: this.#headersFor(url) };
    if (this.#requests.size >= 16) this.#requests.clear();
    this.#requests.set(href, request);
    return request;
  }
}
