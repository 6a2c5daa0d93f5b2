/** Whether an answer is the one that a step wants, and the failure class when it is not. */
import type { Failure, FailureClass } from "./failure.ts";
import type { Exchange } from "./http.ts";
import { mask } from "../masking/mask.ts";
import { cut, foreign, printable } from "../terminal.ts";

/** What a step accepts as an answer. What does not fit makes the step a failure with a class. */
export interface Expectation {
  /** Undefined: any, `check` decides. */
  readonly status?: readonly number[];
  /** Media type without parameters, for example `application/json`. */
  readonly contentType?: string;
  /** Looks into the answer; a returned sentence is the complaint (class `unexpected_body`), a Failure is taken as it is. */
  readonly check?: (exchange: Exchange) => string | Failure | undefined;
}

/** What of an answer's body may be quoted in a message. */
const EXCERPT_CHARS = 160;
/** And what is looked at for that: a secret must be seen whole to be hidden. */
const READ_BYTES = 4096;

export function judge(exchange: Exchange, expect: Expectation): Failure | undefined {
  const failure = failureOf(exchange, expect);
  return failure && legible(failure);
}

/** What a message may quote of others' words at most. */
const MESSAGE_CHARS = 600;

/** Others' words in a failure's message made fit to be shown: no secrets, one line, no endless one. */
export function legible(failure: Failure): Failure {
  return { ...failure, message: cut(printable(mask(failure.message)), MESSAGE_CHARS) };
}

function failureOf(exchange: Exchange, expect: Expectation): Failure | undefined {
  if (exchange.failure !== undefined) return exchange.failure;
  if (expect.status?.includes(exchange.status) === false) {
    return statusFailure(exchange, expect.status);
  }
  if (expect.contentType !== undefined) {
    const seen = mediaType(exchange);
    if (seen !== expect.contentType) {
      return unexpectedBody(
        `expected ${expect.contentType}, got ${seen || "no content type"}: ${excerpt(exchange)}`,
      );
    }
  }
  const complaint = expect.check?.(exchange);
  return typeof complaint === "string" ? unexpectedBody(complaint) : complaint;
}

/** `application/json` of `Application/JSON; charset=utf-8`; empty when the answer has none. */
export function mediaType(exchange: Exchange): string {
  const value = exchange.header("content-type") ?? "";
  const end = value.indexOf(";");
  return (end < 0 ? value : value.slice(0, end)).trim().toLowerCase();
}

/** The start of the body on one line, for messages; of a page its words. */
export function excerpt(exchange: Exchange): string {
  if (exchange.body.length === 0) return "empty body";
  const text = startOf(exchange.body);
  const words = mediaType(exchange) === "text/html" ? text.replaceAll(/<[^>]*>/g, " ") : text;
  return shortened(words.trim() || text);
}

/** As much of a body as is looked at for a quotation. */
export function startOf(body: Uint8Array): string {
  return new TextDecoder().decode(body.subarray(0, READ_BYTES));
}

/** Others' words, cut to what a message may quote. */
export function shortened(text: string): string {
  return foreign(text, EXCERPT_CHARS);
}

function statusFailure(exchange: Exchange, statuses: readonly number[]): Failure {
  const { status } = exchange;
  const wanted = statuses.slice(0, 4).join(" or ");
  return {
    class: statusClass(status),
    message: `expected ${wanted}, got ${status}: ${excerpt(exchange)}`,
  };
}

/** The failure of an answer with a status that was not wanted. */
export function statusClass(status: number): FailureClass {
  if (status === 429) return "rate_limited";
  if (status >= 500) return "status_5xx";
  if (status >= 400) return "status_4xx";
  if (status >= 300) return "status_3xx";
  return "unexpected_status";
}

function unexpectedBody(message: string): Failure {
  return { class: "unexpected_body", message };
}
