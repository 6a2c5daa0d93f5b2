/** Plans for the engine's tests, from their text. */
import { catalogue } from "../../src/flows/catalogue.ts";
import { loadPlan } from "../../src/plan/load_plan.ts";
import type { Plan } from "../../src/plan/plan.ts";
import { assert } from "../assert.ts";

export function planOf(text: string): Plan {
  const source = { text, source: "plan.yaml", env: {}, overrides: {}, readFile: () => "" };
  const loaded = loadPlan({ ...source, catalogue });
  assert(loaded.ok, JSON.stringify(loaded));
  return loaded.plan;
}

/** A server on loopback while `use` runs; what it has not answered by then it does not. */
export async function withServer<T>(
  answer: (request: Request) => Response | Promise<Response>,
  use: (port: number) => Promise<T>,
): Promise<T> {
  const abandoned = new AbortController();
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {}, signal: abandoned.signal },
    answer,
  );
  try {
    return await use(server.addr.port);
  } finally {
    abandoned.abort();
    await server.finished.catch(() => {});
  }
}

/** A port of loopback that refused a moment ago. */
export function closedPort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  listener.close();
  return port;
}
