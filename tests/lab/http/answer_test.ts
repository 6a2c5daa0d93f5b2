import { refusalOf, wrongAnswer } from "../../../src/lab/http/answer.ts";
import type { FaultRule } from "../../../src/lab/faults.ts";
import type { LabResponse } from "../../../src/lab/http/message.ts";
import { assert, assertEquals } from "../../assert.ts";

const textOf = ({ body }: LabResponse): string =>
  typeof body === "string" ? body : new TextDecoder().decode(body as Uint8Array);

function answered(rule: FaultRule, server: "api" | "nginx" = "api"): LabResponse {
  const answer = wrongAnswer(rule, server);
  assert(answer !== undefined);
  return answer;
}

Deno.test("a status that is injected is 500 unless it is said, in JSON from the API and in words from a daemon", () => {
  const api = answered({ answer: "status" });
  assertEquals([api.status, JSON.parse(textOf(api))], [500, {
    error: "Fault injected by the lab",
  }]);
  const nginx = answered({ answer: "status", status: 404 }, "nginx");
  assertEquals([nginx.status, textOf(nginx).trim()], [404, "Fault injected by the lab"]);
});

Deno.test("a huge answer is a JSON document of so many octets, 64 MiB unless it is said", () => {
  for (const hugeBytes of [100, 50]) {
    const { status, body } = answered({ answer: "huge", hugeBytes });
    assertEquals([status, (body as Uint8Array).length], [200, hugeBytes]);
    assertEquals(JSON.parse(textOf({ status, headers: {}, body })), { data: [] });
  }
  assertEquals((answered({ answer: "huge" }).body as Uint8Array).length, 64 * 1024 * 1024);
});

Deno.test("whoever is turned away hears when to come again, and who was let in gets no refusal", () => {
  for (const refused of [429, 503] as const) {
    const answer = refusalOf({ refused } as Parameters<typeof refusalOf>[0]);
    assertEquals([answer?.status, answer?.headers["Retry-After"]], [refused, "1"]);
  }
  assertEquals(refusalOf({} as Parameters<typeof refusalOf>[0]), undefined);
  assertEquals(answered({ answer: "limited" }).status, 429);
  assertEquals(textOf(answered({ answer: "html" })).includes("<html"), true);
});
