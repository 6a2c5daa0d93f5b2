/**
 * An answer that goes on as long as the server has something to tell (a watch, a log), line by line. Not measured, but
 * for the instant at which each line came. Connections are dialled as all others, so TLS and failures are the same.
 */
import { Client, type Dispatcher } from "undici";
import { nowUs } from "../../clock.ts";
import { messageOf } from "../../message_of.ts";
import type { TlsOptions } from "../../plan/plan.ts";
import { dialer } from "../connect.ts";
import { statusClass } from "../expectation.ts";
import type { Failure } from "../failure.ts";
import type { HttpRequest } from "../http.ts";
import { originOf } from "../stream.ts";
import { foreign } from "../../terminal.ts";
import { Connector } from "./connector.ts";

export interface LinesOptions {
  readonly tls: TlsOptions;
  /** A longer one is a failure: a peer must not fill the memory. */
  readonly maxLineBytes: number;
  readonly signal: AbortSignal;
}

export interface Line {
  readonly text: string;
  /** When its last byte came. */
  readonly atUs: number;
}

/**
 * Lines without their ends, empty ones left out, until the server ends the answer or `signal` aborts. `opened` is called
 * when an answer of status 200 has begun. What goes wrong is returned, never thrown.
 */
export async function* lines(
  request: HttpRequest,
  { tls, maxLineBytes, signal }: LinesOptions,
  opened: () => void = () => {},
): AsyncGenerator<Line, Failure | undefined> {
  const connector = new Connector(originOf(request.url), dialer(tls));
  const client = new Client(request.url.origin, {
    connect: connector.connect,
    headersTimeout: 30_000,
    bodyTimeout: 0,
    allowH2: false,
  });
  try {
    const { url, method, headers } = request;
    const answer = await client.request({
      path: url.pathname + url.search,
      method: method as Dispatcher.HttpMethod,
      headers: { ...headers },
      signal,
    });
    if (answer.statusCode !== 200) return await refusal(answer);
    opened();
    return yield* linesOf(answer.body, maxLineBytes);
  } catch (error) {
    if (signal.aborted) return undefined;
    return (error as { failure?: Failure }).failure ??
      {
        class: "closed",
        message: `${url(request)} ended early: ${foreign(messageOf(error), 200)}`,
      };
  } finally {
    client.destroy().catch(() => {});
    connector.close();
  }
}

/** What is read of a refusal's reason. */
const REASON_BYTES = 4096;

async function refusal({ statusCode, body }: Dispatcher.ResponseData): Promise<Failure> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body as AsyncIterable<Uint8Array>) {
    chunks.push(chunk);
    length += chunk.length;
    if (length >= REASON_BYTES) break;
  }
  const text = new TextDecoder().decode(await new Blob(chunks as BlobPart[]).arrayBuffer());
  return {
    class: statusClass(statusCode),
    message: `expected 200, got ${statusCode}: ${foreign(text.slice(0, REASON_BYTES), 300)}`,
  };
}

const LF = 0x0a;

/** Exported for its tests. */
export async function* linesOf(
  chunks: AsyncIterable<Uint8Array>,
  maxLineBytes: number,
): AsyncGenerator<Line, Failure | undefined> {
  const decoder = new TextDecoder();
  let parts: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    const atUs = nowUs();
    let from = 0;
    for (;;) {
      const end = chunk.indexOf(LF, from);
      const part = chunk.subarray(from, end < 0 ? chunk.length : end);
      length += part.length;
      if (length > maxLineBytes) {
        return { class: "too_large", message: `A line has more than ${maxLineBytes} bytes` };
      }
      parts.push(part);
      if (end < 0) break;
      const text = textOf(parts, decoder);
      if (text.trim() !== "") yield { text, atUs };
      parts = [];
      length = 0;
      from = end + 1;
    }
  }
  return undefined;
}

function textOf(parts: readonly Uint8Array[], decoder: TextDecoder): string {
  const text = parts.map((part) => decoder.decode(part, { stream: true })).join("");
  return text + decoder.decode();
}

function url({ url }: HttpRequest): string {
  return `${url.origin}${url.pathname}`;
}
