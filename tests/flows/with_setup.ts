/** A flow from its set-up over its arrivals to what undoes it, without the engine. */
import type { Flow, FlowDefinition, SetupContext } from "../../src/flows/flow.ts";
import { createClient } from "../../src/http/client.ts";
import { type Failure, isFailure } from "../../src/http/failure.ts";
import type { HttpClient } from "../../src/http/http.ts";
import type { Target } from "../../src/plan/plan.ts";
import { systemClock, TestIteration } from "../acme/harness.ts";

export interface SetUp {
  readonly made: unknown;
  readonly options: unknown;
  /** What was told, in order. */
  readonly progress: readonly string[];
  /** What can be undone, in the order in which it was made. */
  readonly undone: readonly string[];
  flow(): Promise<Flow>;
  iteration(index?: number): TestIteration;
  /** The last first, as the engine does; what failed, by its name. */
  undo(): Promise<Record<string, Failure>>;
  close(): void;
}

export interface SetUpOptions {
  readonly target?: Partial<Target>;
  readonly arrivals?: number | undefined;
  readonly isOwn?: (n: number) => boolean;
  readonly runId?: string;
  readonly scenario?: string;
  readonly timeoutMs?: number;
}

const NOWHERE: Target = {
  baseUrl: "http://127.0.0.1:9",
  headers: {},
  tls: { insecureSkipVerify: false },
};

/** The set-up's failure as it is. */
export async function setUp<Options>(
  definition: FlowDefinition<Options>,
  raw: Record<string, unknown>,
  given: SetUpOptions = {},
): Promise<SetUp | Failure> {
  const options = definition.options.parse(raw) as Options;
  const target = { ...NOWHERE, ...given.target };
  const tls = definition.tls?.(options) ?? target.tls;
  const client: HttpClient = await createClient({
    tls,
    protocol: "http/1.1",
    maxBodyBytes: 2 ** 22,
  });
  const undos: { what: string; action: (signal: AbortSignal) => Promise<Failure | undefined> }[] =
    [];
  const progress: string[] = [];
  const shared = {
    options,
    target,
    client,
    clock: systemClock,
    scenario: given.scenario ?? "test",
    timeoutMs: given.timeoutMs ?? 10_000,
    signal: new AbortController().signal,
    runId: given.runId ?? "run1",
  };
  const context: SetupContext<Options> = {
    ...shared,
    arrivals: "arrivals" in given ? given.arrivals : 1,
    isOwn: given.isOwn ?? (() => true),
    progress: (done, of, what) => void progress.push(`${done}/${of} ${what}`),
    undo: (what, action) => void undos.push({ what, action }),
  };
  const made = await definition.setup!(context);
  if (isFailure(made)) {
    client.close();
    return made;
  }
  return {
    made: made.made,
    options,
    progress,
    undone: undos.map(({ what }) => what),
    flow: async () =>
      await definition.create({
        ...shared,
        share: { index: 0, count: 1 },
        made: structuredClone(made.made),
      }),
    iteration: (index = 0) => new TestIteration(client, index),
    undo: async () => {
      const failures: Record<string, Failure> = {};
      for (const { what, action } of undos.toReversed()) {
        const failure = await action(new AbortController().signal);
        if (failure !== undefined) failures[what] = failure;
      }
      return failures;
    },
    close: () => client.close(),
  };
}
