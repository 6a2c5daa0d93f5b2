import { targetOf, targetsOf } from "../../src/engine/target.ts";
import type { Plan } from "../../src/plan/plan.ts";
import type { TargetFacts } from "../../src/metrics/run.ts";
import { assertEquals } from "../assert.ts";
import { issue } from "../http/certificates.ts";
import { closedPort, planOf, withServer } from "./plans.ts";

const plan = (port: number): ReturnType<typeof planOf> =>
  planOf(`
target: { base_url: "http://127.0.0.1:${port}", token: t0ken }
scenarios: { one: { flow: http_request, with: { path: / }, rate: 1/s, duration: 1s } }
`);

/** Of the one server that the plan asks. */
async function targetFacts(plan: Plan, lab: boolean): Promise<TargetFacts> {
  const [[, facts] = [], ...others] = await targetsOf(plan, lab);
  assertEquals(others, []);
  return facts!;
}

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

Deno.test("a server over TLS is told by its certificate too", async () => {
  const { certPem: cert, keyPem: key } = await issue();
  const listening = { hostname: "127.0.0.1", port: 0, onListen: () => {}, cert, key };
  const server = Deno.serve(listening, () => new Response('{"version":"1.2"}'));
  const secured = planOf(`
target: { base_url: "https://127.0.0.1:${server.addr.port}", tls: { insecure_skip_verify: true } }
scenarios: { one: { flow: http_request, with: { path: / }, rate: 1/s, duration: 1s } }
`);
  const facts = await targetFacts(secured, false);
  await server.shutdown();
  const der = Uint8Array.fromBase64(cert.replace(/-----[^-]+-----|\s/g, ""));
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", der)).toHex();
  assertEquals([facts.version, facts.identity?.replaceAll(":", "").toLowerCase()], [
    "1.2",
    `certificate sha-256 ${digest}`,
  ]);
});

/** What each of three servers was asked, with the token. */
async function askedOf(more: string): Promise<{ asked: string[][]; facts: unknown[] }> {
  const asked: string[][] = [[], [], []];
  const answer = (at: number) => ({ url, headers }: Request): Response => {
    asked[at]!.push(`${new URL(url).pathname} ${headers.get("authorization")}`);
    return new Response(`{"version":"${at}"}`);
  };
  const facts = await withServer(
    answer(0),
    (target) =>
      withServer(answer(1), (acme) =>
        withServer(answer(2), (daemon) => {
          const plan = planOf(`
target: { base_url: "http://127.0.0.1:${target}", token: t0ken }
scenarios:
  acme:
    flow: acme_unauthenticated
    with: { directory: "http://127.0.0.1:${acme}/directory" }
    rate: 1/s
    duration: 1s
  daemon:
    phase: connector
    flow: http_request
    with: { url: "http://127.0.0.1:${daemon}/x" }
    rate: 1/s
    duration: 1s
${more}
`);
          return targetsOf(plan, false);
        })),
  );
  return { asked, facts: [...facts.values()] };
}

Deno.test("a target that no scenario asks is not asked who it is; another server is, without the token, and a daemon is not", async () => {
  const { asked, facts } = await askedOf("");
  assertEquals(asked, [[], ["/api/v1/version null"], []]);
  assertEquals(facts, [{ lab: false, version: "1" }, { lab: false }]);
});

Deno.test("each server is asked once, however many scenarios ask it", async () => {
  const one = "flow: http_request, with: { path: / }, rate: 1/s, duration: 1s";
  const { asked, facts } = await askedOf(`  one: { ${one} }\n  two: { ${one} }\n`);
  assertEquals(asked, [["/api/v1/version Bearer t0ken"], ["/api/v1/version null"], []]);
  assertEquals(facts.length, 3);
});

Deno.test("a target that has no token but by a scenario of its own is asked with that one", async () => {
  const asked: (string | null)[] = [];
  const answer = ({ headers }: Request): Response => {
    asked.push(headers.get("authorization"));
    return new Response("{}");
  };
  await withServer(answer, async (port) => {
    const one = "flow: http_request, with: { path: / }, rate: 1/s, duration: 1s";
    const of = (target: string) =>
      planOf(`
target: { base_url: "http://127.0.0.1:${port}"${target} }
scenarios: { plain: { ${one} }, admin: { ${one}, token: adm1n } }
`);
    await targetsOf(of(""), false);
    await targetsOf(of(", token: t0ken"), false);
  });
  assertEquals(asked, ["Bearer adm1n", "Bearer t0ken"]);
});

Deno.test("a scenario's own token stands in for the target's, an empty one for none", () => {
  const one = "flow: http_request, with: { path: / }, rate: 1/s, duration: 1s";
  const plan = planOf(`
target: { base_url: "http://127.0.0.1:1", token: t0ken }
scenarios:
  plain: { ${one} }
  admin: { ${one}, token: adm1n }
  nobody: { ${one}, token: "" }
`);
  const tokens = plan.scenarios.map((scenario) => targetOf(plan, scenario).token);
  assertEquals(tokens, ["t0ken", "adm1n", undefined]);
  assertEquals(["t0ken", "adm1n"].every((each) => plan.secrets.includes(each)), true);
});
