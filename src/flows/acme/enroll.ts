/**
 * `acme_enroll`: from an order to a certificate that was checked, one enrollment for each arrival. Signing and waiting
 * are observed apart (`signing`, `poll_wait`, `chain_check`, and `csr` where requests are not prepared), refused nonces
 * counted (`bad_nonce_retries`). `new_nonce` has samples only when the pool ran dry.
 */
import { z } from "zod";
import type { Failure } from "../../transport/failure.ts";
import type { Flow, FlowContext, FlowDefinition, Iteration } from "../flow.ts";
import { isFailure } from "./answer.ts";
import { accounts } from "./options.ts";
import { Session, sessionOptions } from "./session.ts";

const options = z.strictObject({
  ...sessionOptions,
  accounts: accounts.default(20).describe("Accounts to share, or per_flow: a new one each time"),
  stop_before: z.literal("finalize").optional().describe("Leave out finalize and all after it"),
});

export type EnrollOptions = z.output<typeof options>;

/** Steps of an enrollment, for flows that go on from there. */
export function enrollmentSteps(
  { accounts, stop_before: stop }: { accounts: number | "per_flow"; stop_before?: "finalize" },
): string[] {
  return [
    "new_nonce",
    ...(accounts === "per_flow" ? ["new_account"] : []),
    "new_order",
    "authz",
    "challenge",
    ...(stop === "finalize" ? [] : ["finalize", "order", "certificate"]),
  ];
}

export const acmeEnroll: FlowDefinition<EnrollOptions> = {
  name: "acme_enroll",
  summary: "ACME order, authorizations, finalize and download, with the chain checked",
  phase: "acme",
  options,
  steps: (parsed) => enrollmentSteps(parsed as EnrollOptions),
  create: (context) => new Enroll(context),
};

class Enroll implements Flow {
  readonly #context: FlowContext<EnrollOptions>;
  #session?: Session;

  constructor(context: FlowContext<EnrollOptions>) {
    this.#context = context;
  }

  async prepare(iterations: number): Promise<Failure | undefined> {
    const session = await Session.open(this.#context, this.#context.options.accounts);
    if (isFailure(session)) return session;
    this.#session = session;
    return await session.prepare(iterations);
  }

  async run(iteration: Iteration): Promise<Failure | undefined> {
    const session = this.#session;
    if (session === undefined) throw new Error("acme_enroll was not prepared");
    const account = await session.accounts.take(session.client, iteration);
    if (isFailure(account)) return account;
    const ticket = await session.ticket(iteration);
    const done = this.#context.options.stop_before === "finalize"
      ? await session.enroller.authorize(iteration, account, ticket)
      : await session.enroller.enroll(iteration, account, ticket);
    return isFailure(done) ? done : undefined;
  }

  async close(): Promise<void> {
    await this.#session?.close();
  }
}
