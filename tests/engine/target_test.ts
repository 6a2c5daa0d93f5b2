import { targetFacts } from "../../src/engine/target.ts";
import { assertEquals } from "../assert.ts";
import { issue } from "../http/certificates.ts";
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

Deno.test("without a base URL there is nobody to ask", async () => {
  const { target, ...rest } = plan(1);
  assertEquals(await targetFacts({ ...rest, target: { ...target, baseUrl: "" } }, true), {
    lab: true,
  });
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
