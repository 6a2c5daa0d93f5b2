import { renderProbes } from "../../src/cli/probe_report.ts";
import type { ProbeResult } from "../../src/engine/probe.ts";
import type { FailureClass } from "../../src/http/failure.ts";
import type { Scenario } from "../../src/plan/plan.ts";
import { assertEquals } from "../assert.ts";

function probed(name: string, failed?: FailureClass): ProbeResult {
  const scenario = { name, flow: "http_request", with: {} } as unknown as Scenario;
  const failure = failed && { class: failed, message: "it was tried" };
  return { scenario, steps: [], ...(failure && { failure }) };
}

Deno.test("a likely cause that scenarios share is told once, with their names", () => {
  const text = renderProbes([
    probed("one", "connect_refused"),
    probed("two", "connect_refused"),
    probed("three", "dns"),
    probed("four", "connect_refused"),
    probed("five"),
  ]);
  const likely = text.split("\n").filter((line) => line.includes("likely")).map((line) =>
    line.replace(/(nothing listens|the host name).*/, "$1")
  );
  assertEquals(likely, ["    likely: the host name", "likely, of one, two, four: nothing listens"]);
  assertEquals(text.match(/failed: /g)?.length, 4, "each failure stays where it was");
});
