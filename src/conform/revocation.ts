/** Cases about a certificate's end, and its account's (RFC 9773, RFC 8555 sections 7.6 and 7.3.6). */
import type { Account } from "../acme/account.ts";
import { isFailure } from "../http/failure.ts";
import { parseObject } from "../acme/body.ts";
import { certificateId } from "../acme/certificate_id.ts";
import { lacks } from "../acme/directory.ts";
import type { Enrolled } from "../acme/enrollment.ts";
import type { SigningKey } from "../keys/keys.ts";
import { renewalInfoUrl, windowComplaint } from "../acme/renewal_info.ts";
import { revocationPayload } from "../acme/revocation.ts";
import { NO_ACCOUNT } from "./accounts.ts";
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

const NO_CERTIFICATE: Verdict = skip("no certificate was issued");
const NO_RENEWAL_INFO: Verdict = skip("the directory has no renewalInfo, which is optional");

export const revocationCases: readonly ConformCase[] = [
  must(
    "renewal-info",
    "9773 §4.2",
    "Renewal information has a window whose start is before its end",
    (subject) =>
      withRenewalInfo(
        subject,
        (exchange) => verdictOf(wantStatus(exchange, 200) ?? windowComplaint(exchange)),
      ),
  ),
  should(
    "renewal-info-retry-after",
    "9773 §4.3",
    "and says when to ask again",
    (subject) =>
      withRenewalInfo(
        subject,
        (exchange) =>
          verdictOf(exchange.header("retry-after") ? undefined : "there is no Retry-After"),
      ),
  ),
  must(
    "renewal-info-unknown",
    "9773 §4.1",
    "Renewal information of no certificate is refused",
    async (subject) => {
      const { renewalInfo } = subject.acme.directory;
      if (renewalInfo === undefined) return NO_RENEWAL_INFO;
      const exchange = await subject.get(renewalInfoUrl(renewalInfo, "aaaa.bbbb"));
      return verdictOf(wantStatus(exchange, 400, 404));
    },
  ),
  must(
    "revoke-foreign",
    "8555 §7.6",
    "A certificate is not revoked by an account that has no part in it",
    (subject) =>
      withCertificate(subject, async (enrolled) => {
        const { other } = subject;
        if (other === undefined) return NO_ACCOUNT;
        return refusedWith(await attemptRevocation(subject, enrolled, other));
      }),
  ),
  should(
    "revoke-reason",
    "8555 §7.6",
    "A reason that RFC 5280 does not have is refused with badRevocationReason",
    (
      subject,
    ) =>
      withCertificate(subject, async (enrolled) => {
        const exchange = await attemptRevocation(subject, enrolled, enrolled.account, 7);
        return refusedWith(exchange, { types: ["badRevocationReason"] });
      }),
  ),
  must(
    "revoke-account",
    "8555 §7.6",
    "A certificate is revoked by its account",
    (subject) =>
      withCertificate(subject, async (enrolled) => {
        const { key, url } = enrolled.account;
        return verdictOf(wantStatus(await revoke(subject, enrolled, key, url), 200));
      }),
  ),
  must(
    "revoke-again",
    "8555 §7.6",
    "A revoked certificate is refused with alreadyRevoked",
    (subject) =>
      withCertificate(subject, async (enrolled) => {
        const { key, url } = enrolled.account;
        const exchange = await revoke(subject, enrolled, key, url);
        return refusedWith(exchange, { statuses: [400], types: ["alreadyRevoked"] });
      }),
  ),
  must(
    "revoke-key",
    "8555 §7.6",
    "A certificate is revoked by its own key",
    (subject) =>
      withCertificate(subject, async () => {
        const enrolled = await subject.enroll();
        if (isFailure(enrolled)) return verdictOf(enrolled);
        return verdictOf(wantStatus(await revoke(subject, enrolled, enrolled.prepared.key), 200));
      }),
  ),
  must("deactivate", "8555 §7.3.6", "An account can be deactivated", async (subject) => {
    const { other } = subject;
    if (other === undefined) return NO_ACCOUNT;
    const exchange = await subject.askAs(other, other.url, '{"status":"deactivated"}');
    const status = parseObject(exchange.body)?.status;
    return verdictOf(
      wantStatus(exchange, 200),
      status === "deactivated" ? undefined : `the account is ${JSON.stringify(status)}`,
    );
  }),
  must(
    "deactivated-refused",
    "8555 §7.3.6",
    "A deactivated account is refused with 401 unauthorized",
    async (subject) => {
      const { other } = subject;
      if (other === undefined) return NO_ACCOUNT;
      const exchange = await subject.askAs(other, other.url);
      return refusedWith(exchange, { statuses: [401], types: ["unauthorized"] });
    },
  ),
];

type Exchange = Awaited<ReturnType<Subject["ask"]>>;

async function withCertificate(
  { enrolled }: Subject,
  examine: (enrolled: Enrolled) => Promise<Verdict>,
): Promise<Verdict> {
  return enrolled === undefined ? NO_CERTIFICATE : await examine(enrolled);
}

async function withRenewalInfo(
  subject: Subject,
  examine: (exchange: Exchange) => Verdict,
): Promise<Verdict> {
  const { renewalInfo } = subject.acme.directory;
  if (renewalInfo === undefined) return NO_RENEWAL_INFO;
  if (subject.enrolled === undefined) return NO_CERTIFICATE;
  const id = certificateId(subject.enrolled.chain.leaf.raw);
  if (id === undefined) return skip("the certificate has no authority key identifier");
  return examine(await subject.get(renewalInfoUrl(renewalInfo, id)));
}

/** A revocation that must be refused; where it is not, another certificate takes the place of the revoked one. */
async function attemptRevocation(
  subject: Subject,
  enrolled: Enrolled,
  { key, url }: Account,
  reason?: number,
): Promise<Exchange> {
  const exchange = await revoke(subject, enrolled, key, url, reason);
  if (exchange.status < 400) {
    const another = await subject.enroll();
    subject.enrolled = isFailure(another) ? undefined : another;
  }
  return exchange;
}

/** Signed by an account's key with its `kid`, or by the certificate's. */
function revoke(
  subject: Subject,
  { chain }: Enrolled,
  key: SigningKey,
  kid?: string,
  reason?: number,
): Promise<Exchange> {
  const { revokeCert: url } = subject.acme.directory;
  if (url === undefined) throw new NoAnswer(lacks("revokeCert").message);
  return subject.ask({ url, payload: revocationPayload(chain.leaf.raw, reason), key, kid });
}
