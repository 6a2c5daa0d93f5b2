/**
 * `acme_renewal_info`: renewal information (RFC 9773) for certificates that exist: some are enrolled before the clock
 * starts, and every arrival asks for one of them.
 */
import { z } from "zod";
import { type Failure, isFailure } from "../http/failure.ts";
import type { HttpRequest } from "../http/http.ts";
import type { Expectation, FlowContext, FlowDefinition, Iteration } from "./flow.ts";
import { acmeExpectation } from "../acme/answer.ts";
import { certificateId } from "../acme/certificate_id.ts";
import { Enrollment, enrollmentOptions } from "../acme/enrollment.ts";
import { renewalInfoUrl, windowComplaint } from "../acme/renewal_info.ts";
import { preparedFlow } from "./prepared_flow.ts";

const options = z.strictObject({
  ...enrollmentOptions,
  accounts: enrollmentOptions.accounts.unwrap().default(1).describe(
    "Accounts to enroll with, or per_flow: a new one each time",
  ),
  certificates: z.int().min(1).max(1000).default(5).describe(
    "Certificates to enroll before the clock starts, in each worker",
  ),
});

export type RenewalInfoOptions = z.output<typeof options>;

export const acmeRenewalInfo: FlowDefinition<RenewalInfoOptions> = {
  name: "acme_renewal_info",
  summary: "ACME renewal information of certificates enrolled beforehand",
  tier: "acme",
  options,
  measures: { counters: { retry_after_absent: "answers that do not say when to ask again" } },
  changes: () => "idempotent",
  serverUrl: ({ directory }) => directory,
  makes: ({ certificates }) => `${certificates} certificates in each worker`,
  steps: () => ["renewal_info"],
  create: (context) => preparedFlow(() => RenewalInfo.open(context), ask),
};

class RenewalInfo {
  readonly #enrollment: Enrollment;
  readonly #context: FlowContext<RenewalInfoOptions>;
  readonly requests: HttpRequest[] = [];

  static async open(context: FlowContext<RenewalInfoOptions>): Promise<RenewalInfo | Failure> {
    const enrollment = await Enrollment.open(context);
    return isFailure(enrollment) ? enrollment : new RenewalInfo(context, enrollment);
  }

  private constructor(context: FlowContext<RenewalInfoOptions>, enrollment: Enrollment) {
    this.#context = context;
    this.#enrollment = enrollment;
  }

  async prepare(): Promise<Failure | undefined> {
    const { certificates } = this.#context.options;
    const { directory: { renewalInfo }, headersFor } = this.#enrollment.session.client;
    if (renewalInfo === undefined) return lacking("The directory has no renewalInfo");
    const failure = await this.#enrollment.prepare(certificates);
    if (failure !== undefined) return failure;
    while (this.requests.length < certificates) {
      const enrolled = await this.#enrollment.enrollUnmeasured();
      if (isFailure(enrolled)) return enrolled;
      const id = certificateId(enrolled.chain.leaf.raw);
      if (id === undefined) return lacking("The certificate has no authority key identifier");
      const url = new URL(renewalInfoUrl(renewalInfo, id));
      this.requests.push({ method: "GET", url, headers: headersFor(url) });
    }
    return undefined;
  }

  close(): Promise<void> {
    return this.#enrollment.close();
  }
}

function lacking(message: string): Failure {
  return { class: "client", message: `${message}, so it has no renewal information (RFC 9773)` };
}

async function ask({ requests }: RenewalInfo, iteration: Iteration): Promise<Failure | undefined> {
  const request = requests[iteration.index % requests.length]!;
  const { exchange, failure } = await iteration.step("renewal_info", request, EXPECT_WINDOW);
  if (exchange.header("retry-after") === undefined) iteration.count("retry_after_absent");
  return failure;
}

const EXPECT_WINDOW: Expectation = acmeExpectation([200], "application/json", windowComplaint);
