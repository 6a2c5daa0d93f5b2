/** A server that answers as a test tells it to, and keeps what it was asked. */
import { createClient } from "../../src/http/client.ts";
import { type Sender, unmeasured } from "../../src/http/step.ts";
import type { Target } from "../../src/plan/plan.ts";

export interface Asked {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly authorization: string | null;
  readonly body: unknown;
}

export interface AnsweringServer {
  readonly target: Target;
  readonly sender: Sender;
  readonly asked: Asked[];
  stop(): Promise<void>;
}

export async function answering(answer: (asked: Asked) => Response): Promise<AnsweringServer> {
  const asked: Asked[] = [];
  const handle = async (request: Request): Promise<Response> => {
    const { pathname, search } = new URL(request.url);
    const text = await request.text();
    const each = {
      method: request.method,
      path: pathname + search,
      authorization: request.headers.get("authorization"),
      body: text === "" ? undefined : JSON.parse(text),
    };
    asked.push(each);
    return answer(each);
  };
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, handle);
  const tls = { insecureSkipVerify: false };
  const client = await createClient({ tls, protocol: "http/1.1", maxBodyBytes: 1 << 20 });
  const baseUrl = `http://127.0.0.1:${server.addr.port}`;
  return {
    target: { baseUrl, token: "key-1", headers: {}, tls },
    sender: unmeasured({ client, timeoutMs: 5_000, signal: new AbortController().signal }),
    asked,
    stop: async () => {
      client.close();
      await server.shutdown();
    },
  };
}
