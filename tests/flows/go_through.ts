/** One arrival through a flow, with the real client, against a server of this process. */
import type { FlowDefinition } from "../../src/flows/flow.ts";
import { createClient } from "../../src/http/client.ts";
import type { Failure } from "../../src/http/failure.ts";
import { createFlow, TestIteration, withServer } from "../acme/harness.ts";

/** As the server got it. */
interface Arrived {
  readonly method: string;
  readonly path: string;
  readonly token: string | null;
}

export interface Passage {
  readonly failure: Failure | undefined;
  readonly requests: readonly Arrived[];
  /** Names of the steps, in order. */
  readonly steps: readonly string[];
}

export async function goThrough<Options>(
  definition: FlowDefinition<Options>,
  options: Record<string, unknown>,
  answer: (request: Request) => Response | Promise<Response>,
): Promise<Passage> {
  const requests: Arrived[] = [];
  const tls = { insecureSkipVerify: false };
  const client = await createClient({ tls, protocol: "http/1.1", maxBodyBytes: 2 ** 20 });
  const iteration = new TestIteration(client);
  let failure: Failure | undefined;
  const handler = (request: Request): Response | Promise<Response> => {
    const { pathname, search } = new URL(request.url);
    const token = request.headers.get("authorization");
    requests.push({ method: request.method, path: pathname + search, token });
    return answer(request);
  };
  await withServer(handler, async (baseUrl) => {
    const target = { baseUrl, token: "example-token", headers: {}, tls };
    const flow = await createFlow(definition, options, { client, target });
    failure = await flow.prepare?.(1) ?? await flow.run(iteration);
    await flow.close?.();
    client.close();
  });
  return { failure, requests, steps: iteration.stepNames() };
}
