import { assertEquals, assertStringIncludes } from "../assert.ts";
import { certload, withFolder } from "./in_process.ts";

const plan = (port: number): string => `
target: { base_url: "http://127.0.0.1:${port}" }
scenarios:
  list: { flow: http_request, with: { path: /list }, rate: 1/s, duration: 1s }
  renew: { flow: http_request, with: { path: /renew, method: POST }, rate: 1/s, duration: 1s }
  things:
    flow: sequence
    with:
      setup: [{ name: make, method: POST, path: /things, capture: { thing: { json: /id } } }]
      steps: [{ name: read, path: "/things/{thing}" }]
      teardown: [{ name: unmake, method: DELETE, path: "/things/{thing}" }]
    rate: 1/s
    duration: 1s
`;

async function visited(
  ...args: string[]
): Promise<{ requests: string[]; out: string; code: number; port: number }> {
  const requests: string[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
    const { pathname } = new URL(request.url);
    requests.push(`${request.method} ${pathname}`);
    return Response.json({ id: "t1" });
  });
  const { port } = server.addr;
  let printed = { out: "", code: -1 };
  await withFolder({ "plan.yaml": plan(port) }, async (folder) => {
    printed = await certload(folder, ...args.map((arg) => arg.replace("PLAN", "{}/plan.yaml")));
  });
  await server.shutdown();
  return { requests, ...printed, port };
}

Deno.test("doctor sends an arrival of each, connects where one needs more, and says what it did not try", async () => {
  const { requests, out, code } = await visited("doctor", "PLAN");
  assertEquals([requests, code], [["GET /list", "POST /renew"], 0]);
  assertStringIncludes(out, "no arrival was sent, as its set-up makes things at the server");
  assertStringIncludes(out, "Not tried: things. With --all they are");
});

Deno.test("doctor --all makes what is needed, tries everything, and undoes it", async () => {
  const { requests, out, code } = await visited("doctor", "PLAN", "--all");
  assertEquals(requests, [
    "POST /things",
    "GET /list",
    "POST /renew",
    "GET /things/t1",
    "DELETE /things/t1",
  ]);
  assertEquals([code, out.includes("Not tried")], [0, false]);
});

Deno.test("check prints what will be sent before the clock, and sends nothing", async () => {
  const { requests, out, code, port } = await visited("check", "PLAN");
  assertEquals([requests, code], [[], 0]);
  const [, before] = out.split("before the clock\n");
  assertEquals(before?.trimEnd().split("\n"), [
    "list              probe: one arrival",
    "                  warm-up: at most 20 arrivals in 2s in each worker, more where it needs more connections",
    "                  rehearsal: the first 1s of the load, 1 arrival",
    `renew             a connection to http://127.0.0.1:${port} alone, as its request is not idempotent, and may change what the next would meet`,
    "things            set-up in 5m at most: make",
    "                  probe: one arrival",
    "                  warm-up: at most 20 arrivals in 2s in each worker, more where it needs more connections",
    "                  rehearsal: the first 1s of the load, 1 arrival",
  ]);
});
