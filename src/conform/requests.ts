/** Cases about signed requests that are wrong (RFC 8555 sections 6.2 to 6.7). */
import type { Exchange } from "../http/http.ts";
import { mediaType } from "../http/expectation.ts";
import { parseObject, quotedBody } from "../acme/body.ts";
import { POST_AS_GET } from "../acme/jws.ts";
import { generateKey } from "../keys/keys.ts";
import { ACME_ERROR, parseProblem } from "../acme/problem.ts";
import { NO_ACCOUNT } from "./accounts.ts";
import {
  type ConformCase,
  must,
  refusedWith,
  should,
  type Verdict,
  verdictOf,
  type WantedProblem,
  wantProblem,
  wantStatus,
} from "./case.ts";
import { type Ask, NoAnswer, type Subject } from "./subject.ts";

const BAD_NONCE = { statuses: [400], types: ["badNonce"] };
const NOBODYS_NONCE = "bm90LW9uZS1vZi15b3Vycw";

export const requestCases: readonly ConformCase[] = [
  must(
    "nonce-replayed",
    "8555 §6.5",
    "A replayed nonce is refused with badNonce",
    nonceCase(spentNonce),
  ),
  must(
    "nonce-unknown",
    "8555 §6.5",
    "A nonce that was never issued is refused with badNonce",
    nonceCase(() => Promise.resolve(NOBODYS_NONCE)),
  ),
  must(
    "nonce-missing",
    "8555 §6.5",
    "A request without nonce is refused with badNonce",
    nonceCase(() => Promise.resolve(undefined)),
  ),
  must(
    "nonce-retry",
    "8555 §6.5",
    "A badNonce brings a fresh nonce that is good for the retry",
    (subject) => withRead(subject, (read) => retryWithFreshNonce(subject, read)),
  ),
  must(
    "url-wrong",
    "8555 §6.4",
    "A wrong url is refused as unauthorized",
    refused((read) => ({ header: { url: `${read.url}x` } }), { types: ["unauthorized"] }),
  ),
  must(
    "key-wrong",
    "8555 §6.2",
    "A signature by another key is refused",
    refused(async () => ({ key: await generateKey("ES256") })),
  ),
  must(
    "payload-changed",
    "8555 §6.2",
    "A payload that was changed after signing is refused",
    refused(() => ({ tamper: (jws) => ({ ...jws, payload: "e30" }) })),
  ),
  must(
    "alg-unsupported",
    "8555 §6.2",
    "An unsupported alg is refused with badSignatureAlgorithm",
    refused(() => HS256, { statuses: [400], types: ["badSignatureAlgorithm"] }),
  ),
  must(
    "alg-list",
    "8555 §6.2",
    "and the refusal lists the supported algorithms",
    answered(() => HS256, (exchange) => {
      const algorithms = parseObject(exchange.body)?.algorithms;
      return Array.isArray(algorithms) && algorithms.length > 0
        ? undefined
        : `algorithms is ${JSON.stringify(algorithms)}: ${quotedBody(exchange.body, 200)}`;
    }),
  ),
  must(
    "jwk-and-kid",
    "8555 §6.2",
    "A request with both jwk and kid is refused",
    refused((read) => ({ header: { jwk: read.key.jwk } })),
  ),
  must(
    "jwk-for-kid",
    "8555 §6.2",
    "A request with jwk where kid is due is refused",
    refused(() => ({ kid: undefined })),
  ),
  must(
    "account-unknown",
    "8555 §6.2",
    "An account that does not exist is refused",
    refused((read) => ({ kid: `${read.kid}0` })),
  ),
  must(
    "content-type",
    "8555 §6.2",
    "A request that is no application/jose+json has status 415",
    answered(() => ({ contentType: "application/json" }), (exchange) => wantStatus(exchange, 415)),
  ),
  must(
    "get-refused",
    "8555 §6.3",
    "GET of a resource is refused with 405 and malformed",
    (subject) =>
      withRead(subject, async (read) => {
        const exchange = await subject.get(read.url);
        return refusedWith(exchange, { statuses: [405], types: ["malformed"] });
      }),
  ),
  must(
    "payload-no-json",
    "8555 §6.7",
    "A payload that is no JSON is refused",
    refused(() => ({ payload: "{status:" })),
  ),
];

const HS256 = { header: { alg: "HS256" }, secret: crypto.getRandomValues(new Uint8Array(32)) };

type Change = (read: Ask) => Partial<Ask> | Promise<Partial<Ask>>;

/** A case that reads the account with one thing changed, and looks at the answer. */
function answered(
  change: Change,
  complain: (exchange: Exchange) => string | undefined,
): ConformCase["run"] {
  return (subject) =>
    withRead(subject, async (read) => {
      const exchange = await subject.ask({ ...read, ...await change(read) });
      return verdictOf(complain(exchange));
    });
}

/** The same, where the answer must be a refusal. */
function refused(change: Change, wanted?: WantedProblem): ConformCase["run"] {
  return answered(change, (exchange) => wantProblem(exchange, wanted));
}

/** A case that reads the account with a nonce that must be refused. */
function nonceCase(
  nonceFor: (subject: Subject) => Promise<string | undefined>,
): ConformCase["run"] {
  return (subject) =>
    withRead(subject, async (read) => {
      const nonce = await nonceFor(subject);
      return refusedWith(await subject.askOnce(read, nonce), BAD_NONCE);
    });
}

/** What holds of all answers to signed requests that the other cases got. */
export const answerCases: readonly ConformCase[] = [
  must(
    "answer-nonce",
    "8555 §6.5",
    "Every successful answer to a POST has a Replay-Nonce",
    (subject) => eachAnswer(subject, ({ status }) => status < 300, noNonce),
  ),
  should(
    "refusal-nonce",
    "8555 §6.5",
    "Refusals have a Replay-Nonce too",
    (subject) => eachAnswer(subject, ({ status }) => status >= 400, noNonce),
  ),
  should(
    "refusal-problem",
    "8555 §6.7",
    "Refusals are problem documents of an ACME type",
    (subject) =>
      eachAnswer(subject, ({ status }) => status >= 400, (exchange) => {
        const complaint = wantProblem(exchange, { statuses: [exchange.status] });
        const type = parseProblem(exchange.body)?.type ?? "";
        return complaint ?? (type.startsWith(ACME_ERROR) ? undefined : `the type is ${type}`);
      }),
  ),
  must("answer-json", "8555 §7.1", "Resources are JSON", (subject) =>
    eachAnswer(
      subject,
      ({ status, body }) => status < 300 && body.length > 0,
      (exchange) =>
        ["application/json", "application/pem-certificate-chain"].includes(mediaType(exchange))
          ? undefined
          : `the type is ${mediaType(exchange)}`,
    )),
];

/** Reading the account: the request that the cases change in one thing each. */
async function withRead(
  { account }: Subject,
  examine: (read: Ask) => Promise<Verdict>,
): Promise<Verdict> {
  if (account === undefined) return NO_ACCOUNT;
  const { url, key } = account;
  return await examine({ url, payload: POST_AS_GET, key, kid: url });
}

/** A nonce that was in a request which the server took. */
async function spentNonce(subject: Subject): Promise<string> {
  const { url, key } = subject.account!;
  for (let attempt = 0; attempt < 10; attempt++) {
    const nonce = await subject.nonce();
    const exchange = await subject.askOnce({ url, payload: POST_AS_GET, key, kid: url }, nonce);
    if (exchange.status < 400) return nonce;
  }
  throw new NoAnswer("The account cannot be read, so no nonce can be spent");
}

async function retryWithFreshNonce(subject: Subject, read: Ask): Promise<Verdict> {
  let exchange = await subject.askOnce(read, NOBODYS_NONCE);
  for (let retry = 0; retry < 10; retry++) {
    const nonce = exchange.header("replay-nonce");
    if (nonce === undefined) return verdictOf("the badNonce answer has no Replay-Nonce");
    exchange = await subject.askOnce(read, nonce);
    if (exchange.status === 200) return verdictOf();
  }
  return verdictOf(wantStatus(exchange, 200));
}

function noNonce(exchange: Exchange): string | undefined {
  return exchange.header("replay-nonce") === undefined ? "there is no Replay-Nonce" : undefined;
}

function eachAnswer(
  { answers }: Subject,
  concerned: (exchange: Exchange) => boolean,
  complain: (exchange: Exchange) => string | undefined,
): Promise<Verdict> {
  for (const exchange of answers.filter(concerned)) {
    const complaint = complain(exchange);
    if (complaint !== undefined) {
      const { pathname } = exchange.request.url;
      return Promise.resolve(verdictOf(`${pathname} (${exchange.status}): ${complaint}`));
    }
  }
  return Promise.resolve(verdictOf());
}
