import { scaleOf } from "../../src/capacity/scale.ts";
import { type CapacityOutcome, searchCapacity } from "../../src/cli/search.ts";
import { assert, assertEquals } from "../assert.ts";
import { planOf, withServer } from "../engine/plans.ts";

function searchOf(text: string, from: number): Promise<CapacityOutcome> {
  const plan = planOf(text);
  const scaled = scaleOf(plan.scenarios, undefined);
  assert(scaled.ok);
  return searchCapacity({
    plan,
    scale: scaled.scale,
    arrivals: "poisson",
    search: { from, atMostMs: 60_000 },
    stack: { name: "none", description: "" },
    interrupt: { soft: new AbortController().signal, hard: new AbortController().signal },
    onNotUndone: () => {},
    onNote: () => {},
    retryMs: 1,
  });
}

Deno.test("a server that died under a level ends the search: levels of a dead server say nothing of a lower rate", async () => {
  let [answered, dead] = [0, 0];
  const dying = (): Response => {
    if (answered < 100) return new Response(`${answered++}`);
    dead++;
    return new Response("gone", { status: 500 });
  };
  await withServer(dying, async (port) => {
    const outcome = await searchOf(
      `
target: { base_url: "http://127.0.0.1:${port}" }
warmup: off
scenarios:
  one: { flow: http_request, with: { path: / }, rate: 80/s, duration: 1s, thresholds: ["error_rate < 1%"] }
`,
      40,
    );
    assert(outcome.kind === "answered");
    const { ended, levels, who } = outcome.answer;
    assertEquals([ended, who], ["down", "server"]);
    // It may have died near the end of a level, most of which was answered.
    const broken = levels.filter(({ decision }) => decision === "broken");
    assert(broken.length === 1 || broken.length === 2, `${broken.length} levels broke`);
    assert(dead > 6, "it was asked again before it was given up");
  });
});
