/** Cases about orders, up to a certificate (RFC 8555 sections 7.4 and 7.5). */
import { type Failure, isFailure } from "../http/failure.ts";
import type { Account } from "../acme/account.ts";
import { parseObject } from "../acme/body.ts";
import { encodeBase64url } from "../keys/base64url.ts";
import { httpUrl } from "../acme/client.ts";
import { makeCsr } from "../keys/csr.ts";
import type { PlacedOrder } from "../acme/enroller.ts";
import { generateKey } from "../keys/keys.ts";
import { readAuthorization, readOrder } from "../acme/order.ts";
import type { PreparedOrder } from "../acme/prepared_orders.ts";
import { NO_ACCOUNT } from "./accounts.ts";
import {
  type ConformCase,
  must,
  PASS,
  refusedWith,
  should,
  skip,
  type Verdict,
  verdictOf,
  wantProblem,
  wantStatus,
} from "./case.ts";
import { type HeldOrder, holdOrder, holdReadyOrder } from "./held_order.ts";
import type { Subject } from "./subject.ts";

export const orderCases: readonly ConformCase[] = [
  must(
    "order-new",
    "8555 §7.4",
    "A new order has status 201, a Location and its own URLs",
    async (subject) =>
      await withOrder(subject, (order) =>
        Promise.resolve(verdictOf(
          order.authorizations.length === 1
            ? undefined
            : `an order for one name has ${order.authorizations.length} authorizations`,
          noUrlComplaint([order.url, order.finalize, ...order.authorizations]),
        ))),
  ),
  must(
    "order-read",
    "8555 §7.4",
    "An order can be read with POST-as-GET",
    (subject) =>
      withOrder(subject, async (order, account) => {
        const exchange = await subject.askAs(account, order.url);
        const seen = readOrder(exchange);
        return verdictOf(wantStatus(exchange, 200), isFailure(seen) ? seen : undefined);
      }),
  ),
  must(
    "authz-read",
    "8555 §7.5",
    "An authorization has its identifier and challenges",
    (subject) =>
      withOrder(subject, async (order, account, prepared) => {
        const exchange = await subject.askAs(account, order.authorizations[0]!);
        const seen = readAuthorization(exchange);
        if (isFailure(seen)) return verdictOf(wantStatus(exchange, 200), seen);
        return verdictOf(
          seen.name === prepared.names[0] ? undefined : `the identifier is ${seen.name}`,
          seen.challenges.length > 0 ? undefined : "there are no challenges",
        );
      }),
  ),
  must(
    "order-foreign",
    "8555 §6.3",
    "An order is not shown to another account",
    (subject) =>
      withOrder(subject, async (order) => {
        if (subject.other === undefined) return NO_ACCOUNT;
        return refusedWith(await subject.askAs(subject.other, order.url));
      }),
  ),
  must(
    "authz-foreign",
    "8555 §6.3",
    "An authorization is not shown to another account",
    (subject) =>
      withOrder(subject, async (order) => {
        if (subject.other === undefined) return NO_ACCOUNT;
        return refusedWith(await subject.askAs(subject.other, order.authorizations[0]!));
      }),
  ),
  must(
    "finalize-foreign",
    "8555 §7.4",
    "An order is not finalized by another account",
    (subject) =>
      withOrder(subject, async (order, _, prepared) => {
        const { other } = subject;
        if (other === undefined) return NO_ACCOUNT;
        return refusedWith(await finalize(subject, other, order, prepared.finalizePayload));
      }),
  ),
  must(
    "finalize-pending",
    "8555 §7.4",
    "A pending order is not finalized: 403 orderNotReady",
    (subject) =>
      withOrder(subject, async (order, account, prepared) => {
        if (order.status !== "pending") return skip(`the server's orders begin as ${order.status}`);
        const exchange = await finalize(subject, account, order, prepared.finalizePayload);
        return refusedWith(exchange, { statuses: [403], types: ["orderNotReady"] });
      }),
  ),
  must(
    "identifier-unknown",
    "8555 §7.4",
    "An identifier of an unknown type is refused",
    async (subject) => {
      const { account } = subject;
      if (account === undefined) return NO_ACCOUNT;
      const payload = '{"identifiers":[{"type":"certload","value":"a.test"}]}';
      const { newOrder } = subject.acme.directory;
      return refusedWith(await subject.askAs(account, newOrder!, payload));
    },
  ),
  must(
    "csr-unreadable",
    "8555 §7.4",
    "A finalize without a readable CSR is refused",
    (subject) =>
      withReadyOrder(
        subject,
        async (order, account) =>
          refusedWith(await finalize(subject, account, order, '{"csr":"AAAA"}')),
      ),
  ),
  must(
    "csr-names",
    "8555 §7.4",
    "A CSR with other names than the order's is refused",
    (subject) =>
      withReadyOrder(
        subject,
        async (order, account) =>
          verdictOf(wantRefused(await finalizeWith(subject, account, order, ["other.test"]))),
      ),
  ),
  should(
    "csr-names-bad-csr",
    "8555 §7.4",
    "and the refusal is badCSR",
    (subject) =>
      withReadyOrder(subject, async (order, account) => {
        const exchange = await finalizeWith(subject, account, order, ["other.test"]);
        return refusedWith(exchange, { types: ["badCSR"] });
      }),
  ),
  must(
    "csr-account-key",
    "8555 §11.1",
    "A CSR for the account's own key is refused",
    (subject) =>
      withReadyOrder(subject, async (order, account, prepared) => {
        const csr = encodeBase64url(await makeCsr(account.key, prepared.names));
        return verdictOf(
          wantRefused(await finalize(subject, account, order, JSON.stringify({ csr }))),
        );
      }),
  ),
  should(
    "authz-deactivate",
    "8555 §7.5.2",
    "An authorization can be deactivated, which makes its order invalid",
    (subject) =>
      withOrder(subject, async (order, account) => {
        const payload = '{"status":"deactivated"}';
        const exchange = await subject.askAs(account, order.authorizations[0]!, payload);
        const authorization = parseObject(exchange.body)?.status;
        if (exchange.status !== 200 || authorization !== "deactivated") {
          return verdictOf(
            wantStatus(exchange, 200) ?? `the authorization is ${JSON.stringify(authorization)}`,
          );
        }
        const { status } = parseObject((await subject.askAs(account, order.url)).body) ?? {};
        return verdictOf(
          status === "invalid" ? undefined : `its order is ${JSON.stringify(status)}`,
        );
      }),
  ),
  must(
    "certificate",
    "8555 §7.4",
    "An order is proved, finalized and downloaded, and its chain holds",
    async (subject) => {
      if (subject.account === undefined) return NO_ACCOUNT;
      const enrolled = await subject.enroll();
      if (isFailure(enrolled)) return verdictOf(enrolled);
      subject.enrolled = enrolled;
      return PASS;
    },
  ),
];

function noUrlComplaint(urls: readonly string[]): string | undefined {
  const none = urls.find((url) => httpUrl(url) === undefined);
  return none === undefined ? undefined : `${JSON.stringify(none)} is no http(s) URL`;
}

/** An error of any kind: which one is only recommended. */
function wantRefused(exchange: Awaited<ReturnType<Subject["ask"]>>): string | undefined {
  return exchange.status >= 500
    ? `the answer is ${exchange.status}, which blames the server`
    : wantProblem(exchange);
}

type Examine = (order: PlacedOrder, account: Account, prepared: PreparedOrder) => Promise<Verdict>;

/** With the order that cases share, as it is. */
function withOrder(subject: Subject, examine: Examine): Promise<Verdict> {
  return withHeld(subject, holdOrder, examine);
}

/** The same with its names proved. */
function withReadyOrder(subject: Subject, examine: Examine): Promise<Verdict> {
  return withHeld(subject, holdReadyOrder, examine);
}

async function withHeld(
  subject: Subject,
  hold: (subject: Subject) => Promise<HeldOrder | Failure>,
  examine: Examine,
): Promise<Verdict> {
  if (subject.account === undefined) return NO_ACCOUNT;
  const held = await hold(subject);
  if (isFailure(held)) return unproved(held);
  return await examine(held.order, held.account, held.prepared);
}

/** What the client cannot answer is no fault of the server. */
function unproved(failure: Failure): Verdict {
  return failure.class === "client" ? skip(failure.message) : verdictOf(failure);
}

function finalize(
  subject: Subject,
  account: Account,
  order: PlacedOrder,
  payload: string,
): ReturnType<Subject["ask"]> {
  return subject.askAs(account, order.finalize, payload);
}

async function finalizeWith(
  subject: Subject,
  account: Account,
  order: PlacedOrder,
  names: readonly string[],
): ReturnType<Subject["ask"]> {
  const csr = encodeBase64url(await makeCsr(await generateKey("ES256"), names));
  return await finalize(subject, account, order, JSON.stringify({ csr }));
}
