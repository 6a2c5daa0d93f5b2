/** ACME accounts (RFC 8555 section 7.3). */
import { type Failure, isFailure } from "../http/failure.ts";
import type { Exchange } from "../http/http.ts";
import { unexpected } from "./answer.ts";
import { parseObject, quotedBody } from "./body.ts";
import type { AcmeClient } from "./client.ts";
import { type Directory, lacks } from "./directory.ts";
import { externalAccountBinding, type Signer } from "./jws.ts";
import type { SigningKey } from "../keys/keys.ts";
import { locationOf } from "./location.ts";
import type { Sender } from "../http/step.ts";

export interface Account {
  /** The account's URL, `kid` of its requests. */
  readonly url: string;
  readonly key: SigningKey;
  readonly signer: Signer;
}

export interface Registration {
  readonly contact: readonly string[];
  readonly agreeToTerms: boolean;
  /** The HMAC key is a secret. */
  readonly eab?: { readonly kid: string; readonly hmacKey: Uint8Array };
}

const SET_EAB = "set eab: { kid, hmac_key } in the scenario's options (conform: --eab-kid KID)";
const SET_TERMS = "set agree_to_terms: true";

/** Why this registration cannot be had from a server with this directory; known before anything is sent. */
export function registrationFailure(
  directory: Directory,
  { agreeToTerms, eab }: Registration,
): Failure | undefined {
  if (directory.externalAccountRequired && eab === undefined) {
    return {
      class: "client",
      message: "The server requires external account binding (meta.externalAccountRequired) and " +
        `the plan has none: ${SET_EAB}`,
    };
  }
  if (directory.termsOfService !== undefined && !agreeToTerms) {
    return {
      class: "client",
      message: `The server requires agreement to its terms of service ` +
        `(${directory.termsOfService}) and the plan refuses it: ${SET_TERMS}`,
    };
  }
  return undefined;
}

/** Creates an account, as the step `new_account`. */
export async function register(
  client: AcmeClient,
  sender: Sender,
  key: SigningKey,
  registration: Registration,
): Promise<Account | Failure> {
  const { newAccount: url } = client.directory;
  if (url === undefined) return lacks("newAccount");
  const answer = await client.post(sender, {
    step: "new_account",
    signer: { key },
    url,
    payload: await newAccountPayload(url, key, registration),
    statuses: [200, 201],
    contentType: "application/json",
    read: readAccountUrl,
  });
  if (isFailure(answer)) return refusedRegistration(answer, registration);
  return { url: answer.value, key, signer: { key, kid: answer.value } };
}

/** With what to change about the registration, where the server's refusal is about that. */
function refusedRegistration(failure: Failure, { agreeToTerms, eab }: Registration): Failure {
  if (failure.class !== "status_4xx") return failure;
  const advise = (advice: string): Failure => ({
    ...failure,
    message: `${failure.message}; ${advice}`,
  });
  if (eab !== undefined) {
    return advise(
      `the account was to be bound to ${JSON.stringify(eab.kid)}: are eab.kid and ` +
        `eab.hmac_key the server's?`,
    );
  }
  if (failure.message.includes("externalAccountRequired")) return advise(SET_EAB);
  const wantsTerms = !agreeToTerms && failure.message.includes("userActionRequired");
  return wantsTerms ? advise(SET_TERMS) : failure;
}

async function newAccountPayload(
  url: string,
  key: SigningKey,
  registration: Registration,
): Promise<string> {
  const { contact, agreeToTerms, eab } = registration;
  const fields = {
    termsOfServiceAgreed: agreeToTerms ? true : undefined,
    contact: contact.length === 0 ? undefined : contact,
    externalAccountBinding: eab && await externalAccountBinding({ ...eab, url }, key),
  };
  return JSON.stringify(fields);
}

/** The account's URL, from the Location of an answer that shows a valid account. */
function readAccountUrl(exchange: Exchange): string | Failure {
  const account = readAccount(exchange);
  if (isFailure(account)) return account;
  if (account.status !== "valid") return unexpected(`The new account is ${account.status}`);
  return locationOf(exchange) ??
    unexpected(`The new account has no Location to be its key id (RFC 8555 section 7.3)`);
}

/** An account object (RFC 8555 section 7.1.2), as far as a client of this kind looks at it. */
export function readAccount(exchange: Exchange): { readonly status: string } | Failure {
  const status = parseObject(exchange.body)?.status;
  return typeof status === "string"
    ? { status }
    : unexpected(`The answer is no account with a status: ${quotedBody(exchange.body)}`);
}
