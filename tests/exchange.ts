/** Exchanges for tests, as a client would have given them. */
import type { Exchange } from "../src/http/http.ts";

export interface ExchangeOptions extends Partial<Omit<Exchange, "body" | "header">> {
  readonly headers?: Readonly<Record<string, string>>;
  readonly text?: string;
}

/** 200 without a body, 5 ms after it was sent at instant 0, unless told otherwise. */
export function exchangeOf(options: ExchangeOptions = {}): Exchange {
  const { headers = {}, text = "", ...given } = options;
  const body = new TextEncoder().encode(text);
  return {
    request: { method: "GET", url: new URL("https://server.test/path"), headers: {} },
    startedUs: 0,
    blockedUs: 0,
    endedUs: 5_000,
    reused: true,
    status: 200,
    header: (name) => headers[name.toLowerCase()],
    body,
    bytesReceived: body.length,
    bytesSent: 0,
    ...given,
  };
}
