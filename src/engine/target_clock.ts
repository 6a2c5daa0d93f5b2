/**
 * The offset of this machine's clock to the target's, asked of the target alone by a dozen `HEAD` requests that carry no
 * token. It takes some ten seconds, as questions wait for flips of the target's second; three where it was about the same
 * before; and twenty-five where a server keeps its header for a second.
 */
import type { Clock } from "../clock.ts";
import type { Exchange, HttpClient } from "../http/http.ts";
import { foreign } from "../terminal.ts";
import {
  type DateAnswer,
  FORGOTTEN_US,
  type Offset,
  OffsetBounds,
  secondOf,
} from "./clock_offset.ts";

/** A reading, or why there is none; a reading may have a remark. */
export interface ClockReading {
  readonly offset?: Offset;
  readonly note?: string;
  /** The server keeps its headers for a while. */
  readonly isKept?: true;
}

export interface TargetClockOptions {
  readonly client: HttpClient;
  readonly url: URL;
  /** That of the client's exchanges, of which the offset is. */
  readonly clock: Clock;
  /** No question is sent after this instant; what is known by then is what is known. */
  readonly untilUs: number;
  readonly signal: AbortSignal;
  /** What it was before, and what is known of the server by that. */
  readonly before?: ClockReading | undefined;
}

/** How questions are asked. */
interface Pace {
  readonly most: number;
  /** About one flip. */
  readonly atOnce: number;
  readonly fineUs: number;
  /** From one answer to the next question, at least. */
  readonly apartUs: number;
  /** Whether headers are put to the test. */
  readonly doubts: boolean;
}

const QUICK: Pace = { most: 16, atOnce: 3, fineUs: 2_500, apartUs: 0, doubts: true };
/** Of a server that has been put to the test. */
const AGAIN: Pace = { ...QUICK, doubts: false };
/** Where there is little time, a coarser reading that was put to the test is worth more than a finer one that was not. */
const DOUBTING_US = FORGOTTEN_US + 1_000_000;
/** How far the clocks may have gone apart meanwhile, without that it takes longer. */
const APART_SINCE_US = 10_000;
/** Of a server that keeps its header: each question finds it forgotten. */
const PATIENT: Pace = {
  most: 11,
  atOnce: 1,
  fineUs: 4_000,
  apartUs: FORGOTTEN_US,
  doubts: true,
};

/** All that are ever asked, with the counter-questions. */
export const MOST_QUESTIONS = QUICK.most + PATIENT.most + 6;

const TIMEOUT_MS = 2_000;

/** Never rejects. */
export async function readTargetClock(options: TargetClockOptions): Promise<ClockReading> {
  const { before } = options;
  if (before?.isKept) return { ...readingOf(await ask(options, PATIENT)), isKept: true };
  const known = before?.note === undefined ? before?.offset : undefined;
  const again = known && await ask(options, AGAIN, known);
  if (again?.isAsBefore) return readingOf(again);
  const quick = await ask(options, QUICK);
  if (!quick.bounds.isKept) return readingOf(quick);
  const patient = await ask(options, PATIENT);
  const told = patient.bounds.answers > 0 ? patient : { ...quick, problem: patient.problem };
  return { ...readingOf(told), isKept: true };
}

interface Asked {
  readonly bounds: OffsetBounds;
  /** Why no more could be asked. */
  readonly problem?: string | undefined;
  /** The flip was where it was expected. */
  readonly isAsBefore?: boolean;
}

async function ask(options: TargetClockOptions, pace: Pace, known?: Offset): Promise<Asked> {
  const { clock, untilUs, signal } = options;
  const bounds = new OffsetBounds(pace.fineUs);
  let nextUs = clock.nowUs() + pace.apartUs;
  let lastUs = -Infinity;
  /** The answer's second, or undefined at the end of asking. */
  const askAt = async (atUs: number): Promise<number | string | undefined> => {
    if (Math.max(atUs, clock.nowUs()) >= untilUs) return undefined;
    await clock.sleepUntil(atUs, signal);
    if (signal.aborted) return undefined;
    const answer = await askDate(options);
    if (typeof answer === "string") return answer;
    bounds.add(answer, !pace.doubts || answer.sentUs >= lastUs + FORGOTTEN_US);
    lastUs = answer.receivedUs;
    nextUs = lastUs + pace.apartUs;
    return answer.second;
  };
  let told = await askAt(nextUs);
  if (told === undefined) return { bounds, problem: "there was no time to read it" };
  if (known !== undefined) {
    const [beforeUs, afterUs] = aroundFlip(known, nextUs);
    const old = await askAt(beforeUs);
    told = await askAt(afterUs);
    const isAsBefore = typeof old === "number" && told === old + 1;
    if (!isAsBefore) return { bounds };
  }
  while (typeof told === "number" && !bounds.isFine && bounds.answers < pace.most) {
    const { second, sendUs } = bounds.questions(nextUs, pace.atOnce);
    if (pace.doubts && (sendUs.at(-1) ?? 0) + DOUBTING_US > untilUs) break;
    for (const atUs of sendUs) {
      if (bounds.answers >= pace.most) break;
      told = await askAt(atUs);
      if (typeof told !== "number" || told >= second) break;
    }
  }
  for (const side of ["before", "well before", "after"] as const) {
    if (typeof told !== "number" || !pace.doubts || bounds.contradictionUs > 0) break;
    if (side === "well before" && bounds.isSure) continue;
    told = await askAt(bounds.counterQuestionUs(side, lastUs + FORGOTTEN_US));
  }
  return {
    bounds,
    ...(typeof told === "string" && { problem: told }),
    isAsBefore: known !== undefined,
  };
}

/** Right before the next flip, and right after it. */
function aroundFlip({ offsetUs, boundUs }: Offset, nowUs: number): [number, number] {
  const [lowUs, highUs] = [
    offsetUs - boundUs - APART_SINCE_US,
    offsetUs + boundUs + APART_SINCE_US,
  ];
  const secondUs = Math.ceil((nowUs - lowUs) / 1e6) * 1e6;
  return [secondUs + lowUs, secondUs + highUs];
}

function readingOf({ bounds: { offset, isKept }, problem }: Asked): ClockReading {
  const note = problem ?? (isKept || offset === undefined ? KEPT : undefined);
  return { ...(offset && { offset }), ...(note !== undefined && { note }) };
}

const KEPT =
  "its Date headers contradict each other: it makes them anew once a second, or has several clocks";

/** A text says why there is none. */
async function askDate(
  { client, url, signal }: TargetClockOptions,
): Promise<DateAnswer | string> {
  const request = { method: "HEAD", url, headers: {} };
  const exchange = await client.send(request, { timeoutMs: TIMEOUT_MS, signal });
  if (exchange.failure !== undefined) return `it did not answer: ${exchange.failure.message}`;
  const date = exchange.header("date");
  if (date === undefined) return "its answers have no Date header";
  const second = secondOf(date);
  if (second === undefined) return `its Date header is no date: ${foreign(date, 60)}`;
  return { sentUs: writtenUs(exchange), receivedUs: exchange.endedUs, second };
}

/** Not before the request was written: a connection may have been made for it. */
function writtenUs(
  { startedUs, blockedUs, dnsUs = 0, connectUs = 0, tlsUs = 0 }: Exchange,
): number {
  return startedUs + blockedUs + dnsUs + connectUs + tlsUs;
}
