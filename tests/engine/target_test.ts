import { targetFacts } from "../../src/engine/target.ts";
import { assertEquals } from "../assert.ts";
import { closedPort, planOf, withServer } from "./plans.ts";

const plan = (port: number): ReturnType<typeof planOf> =>
  planOf(`
target: { base_url: "http://127.0.0.1:${port}", token: t0ken }
scenarios: { one: { flow: http_request, with: { path: / }, rate: 1/s, duration: 1s } }
`);

async function factsOf(body: string, status = 200): Promise<[unknown, string | null]> {
  let asked: string | null = null;
  const answer = ({ url, headers }: Request): Response => {
    asked = `${new URL(url).pathname} ${headers.get("authorization")}`;
    return new Response(body, { status });
  };
  return [await withServer(answer, (port) => targetFacts(plan(port), false)), asked];
}

Deno.test("the server is asked once for its version, with the plan's token, and its commit is told with it", async () => {
  assertEquals(await factsOf('{"version":"1.2","commit":"abc"}'), [
    { lab: false, version: "1.2 (abc)" },
    "/api/v1/version Bearer t0ken",
  ]);
  assertEquals((await factsOf('{"version":"1.2","commit":""}'))[0], { lab: false, version: "1.2" });
  assertEquals((await factsOf('{"version":"1.2"}'))[0], { lab: false, version: "1.2" });
});

Deno.test("a server that does not tell its version, or is not there, is no problem", async () => {
  assertEquals((await factsOf('{"version":"1.2"}', 404))[0], { lab: false });
  assertEquals((await factsOf("no JSON"))[0], { lab: false });
  assertEquals((await factsOf('{"version":7}'))[0], { lab: false });
  assertEquals(await targetFacts(plan(closedPort()), true), { lab: true });
});
