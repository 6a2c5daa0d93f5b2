/** Cases about accounts (RFC 8555 section 7.3). */
import type { Exchange } from "../http/http.ts";
import { readAccount } from "../acme/account.ts";
import { isFailure } from "../http/failure.ts";
import { parseObject } from "../acme/body.ts";
import { lacks } from "../acme/directory.ts";
import { keyChangePayload } from "../acme/key_change.ts";
import { locationOf } from "../acme/location.ts";
import { generateKey, type SigningKey } from "../keys/keys.ts";
import {
  type ConformCase,
  must,
  refusedWith,
  should,
  skip,
  type Verdict,
  verdictOf,
  wantStatus,
} from "./case.ts";
import { NoAnswer, type Subject } from "./subject.ts";

export const NO_ACCOUNT: Verdict = skip("there is no account");

export const accountCases: readonly ConformCase[] = [
  must("account-new", "8555 §7.3", "A new account is valid and has a Location", async (subject) => {
    const failure = await subject.register();
    const isShared = subject.account !== undefined && subject.account.url === subject.other?.url;
    return verdictOf(failure, isShared ? "two keys have one account" : undefined);
  }),
  must(
    "account-existing",
    "8555 §7.3.1",
    "A known key gets its account again, with status 200",
    async (subject) => {
      const { account } = subject;
      if (account === undefined) return NO_ACCOUNT;
      const exchange = await newAccount(subject, account.key, '{"termsOfServiceAgreed":true}');
      const location = locationOf(exchange);
      return verdictOf(
        wantStatus(exchange, 200),
        isFailure(location) ? location : undefined,
        location === account.url
          ? undefined
          : `Location is ${JSON.stringify(location)}, the account ${account.url}`,
      );
    },
  ),
  must(
    "account-only-existing",
    "8555 §7.3.1",
    "onlyReturnExisting with an unknown key is refused with accountDoesNotExist",
    async (subject) => {
      const key = await generateKey("ES256");
      const exchange = await newAccount(subject, key, '{"onlyReturnExisting":true}');
      return refusedWith(exchange, { statuses: [400], types: ["accountDoesNotExist"] });
    },
  ),
  must("account-contact", "8555 §7.3.2", "A contact can be changed", async (subject) => {
    const contact = ["mailto:conform@example.com"];
    const exchange = await askAccount(subject, JSON.stringify({ contact }));
    if (exchange === undefined) return NO_ACCOUNT;
    const seen = parseObject(exchange.body)?.contact;
    return verdictOf(
      wantStatus(exchange, 200),
      JSON.stringify(seen) === JSON.stringify(contact)
        ? undefined
        : `the account's contact is ${JSON.stringify(seen)}`,
    );
  }),
  must("account-read", "8555 §6.3", "An account can be read with POST-as-GET", async (subject) => {
    const exchange = await askAccount(subject);
    if (exchange === undefined) return NO_ACCOUNT;
    const account = readAccount(exchange);
    return verdictOf(wantStatus(exchange, 200), isFailure(account) ? account : undefined);
  }),
  must("key-change", "8555 §7.3.5", "A key change gives the account to the new key", rollOver),
  must(
    "key-change-in-use",
    "8555 §7.3.5",
    "A key change to a key that is in use is refused",
    async (subject) => {
      if (subject.account === undefined || subject.other === undefined) return NO_ACCOUNT;
      return refusedWith(await attemptKeyChange(subject, subject.other.key));
    },
  ),
  should(
    "key-change-in-use-409",
    "8555 §7.3.5",
    "and the refusal is 409 with that account's Location",
    async (subject) => {
      if (subject.account === undefined || subject.other === undefined) return NO_ACCOUNT;
      const owner = subject.other.url;
      const exchange = await attemptKeyChange(subject, subject.other.key);
      const location = locationOf(exchange);
      return verdictOf(
        wantStatus(exchange, 409),
        isFailure(location) ? location : undefined,
        location === owner ? undefined : `Location is ${JSON.stringify(location)}`,
      );
    },
  ),
  must(
    "key-change-inner-url",
    "8555 §7.3.5",
    "A key change whose inner url differs is refused",
    async (subject) => {
      if (subject.account === undefined) return NO_ACCOUNT;
      const { newAccount: otherUrl } = subject.acme.directory;
      const exchange = await attemptKeyChange(subject, await generateKey("ES256"), otherUrl);
      return refusedWith(exchange);
    },
  ),
];

async function rollOver(subject: Subject): Promise<Verdict> {
  const { account } = subject;
  if (account === undefined) return NO_ACCOUNT;
  const key = await generateKey(account.key.alg);
  const changed = await changeKey(subject, key);
  const complaint = wantStatus(changed, 200);
  if (complaint !== undefined) return verdictOf(complaint);
  subject.account = { ...account, key, signer: { key, kid: account.url } };
  const withNew = await askAccount(subject);
  const withOld = await subject.askAs(account, account.url);
  return verdictOf(
    withNew && wantStatus(withNew, 200),
    withOld.status < 400 ? "the old key is still accepted" : undefined,
  );
}

/** A key change that must be refused; where it is not, other accounts take the place of the spoilt ones. */
async function attemptKeyChange(
  subject: Subject,
  to: SigningKey,
  innerUrl?: string,
): Promise<Exchange> {
  const exchange = await changeKey(subject, to, innerUrl);
  if (exchange.status < 400) await subject.register();
  return exchange;
}

async function changeKey(subject: Subject, to: SigningKey, innerUrl?: string): Promise<Exchange> {
  const account = subject.account!;
  const { keyChange: url } = subject.acme.directory;
  if (url === undefined) throw new NoAnswer(lacks("keyChange").message);
  const payload = await keyChangePayload(innerUrl ?? url, account, to);
  return await subject.askAs(account, url, payload);
}

function newAccount(subject: Subject, key: SigningKey, payload: string): Promise<Exchange> {
  // Without it there would have been no examination.
  return subject.ask({ url: subject.acme.directory.newAccount!, payload, key });
}

async function askAccount(subject: Subject, payload?: string): Promise<Exchange | undefined> {
  const { account } = subject;
  return account && await subject.askAs(account, account.url, payload);
}
