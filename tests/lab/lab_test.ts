import { assert, assertEquals, assertMatch, assertRejects } from "../assert.ts";
import { startLab } from "../../src/lab/lab.ts";
import { certificateRequest, withLab } from "./harness.ts";

Deno.test("every server listens on its own loopback port and shows a certificate of the lab's CA", async () => {
  await withLab({}, async ({ lab, fetch }) => {
    const { api, targets } = lab.addresses;
    const urls = [`${api}/health`, ...Object.values(targets)];
    assertEquals(new Set(urls.map((url) => new URL(url).port)).size, 5);
    for (const url of urls) {
      assertEquals(new URL(url).hostname, "127.0.0.1");
      const response = await fetch(url);
      assertEquals(response.status, 200, url);
      await response.body?.cancel();
    }
  });
});

Deno.test("the targets answer as the load fixtures do", async () => {
  await withLab({}, async ({ lab, fetch }) => {
    const { nginx, apache, haproxy, f5 } = lab.addresses.targets;
    const bodies = await Promise.all(
      [nginx, `${nginx}any`, haproxy, f5].map(async (url) => await (await fetch(url)).text()),
    );
    assertEquals(bodies, ["ok\n", "ok\n", "ok\n", "ok"]);
    assertMatch(await (await fetch(apache)).text(), /It works!/);
    const unknown = await fetch(new URL("/mgmt/tm/ltm", f5).href);
    assertEquals(unknown.status, 401);
    await unknown.body?.cancel();
  });
});

Deno.test("addresses are plain JSON", async () => {
  await withLab({}, ({ lab: { addresses } }) => {
    assertEquals(JSON.parse(JSON.stringify(addresses)), addresses);
    assertMatch(addresses.caPem, /^-----BEGIN CERTIFICATE-----\n/);
    return Promise.resolve();
  });
});

Deno.test("a port that is taken is an error, and nothing stays open", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  await assertRejects(() => startLab({ ports: { f5: port } }), Deno.errors.AddrInUse);
  listener.close();
});

Deno.test("with a database file the state is there again after a restart", async () => {
  const directory = await Deno.makeTempDir();
  try {
    const databasePath = `${directory}/lab.sqlite`;
    await withLab({ databasePath }, async ({ post }) => {
      const response = await post("/api/v1/certificates", certificateRequest("kept.test"));
      await response.body?.cancel();
      await Deno.stat(`${databasePath}-wal`); // throws where the journal is another
    });
    await withLab({ databasePath }, async ({ fetch }) => {
      const response = await fetch("/api/v1/certificates?per_page=1");
      assertEquals((await response.json()).total, 33);
    });
    if (Deno.build.os !== "windows") {
      assertEquals((await Deno.stat(databasePath)).mode! & 0o777, 0o600);
    }
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("a handler that throws is answered with 500 and logged, without a trace", async () => {
  const lines: string[] = [];
  const lab = await startLab({ log: (line) => lines.push(line), acme: { nonceTtlMs: NaN } });
  const client = Deno.createHttpClient({ caCerts: [lab.addresses.caPem] });
  const response = await fetch(lab.addresses.acme["prof-test"]!, { client });
  assertEquals(response.status, 500);
  assertEquals(await response.text(), `{"error":"Internal Server Error"}\n`);
  client.close();
  await lab.close();
  assertEquals(lines.length, 1);
  assert(!lines[0]!.includes("    at "));
});

Deno.test({
  name: "the lab can listen on another address of loopback, and its certificates say so (Linux)",
  ignore: Deno.build.os !== "linux",
  fn: () =>
    withLab({ hostname: "127.0.0.2" }, async ({ lab, fetch }) => {
      assertEquals(new URL(lab.addresses.targets.nginx).hostname, "127.0.0.2");
      assertEquals(await (await fetch(lab.addresses.targets.nginx)).text(), "ok\n");
    }),
});

Deno.test({
  name: "a lab that listens everywhere keeps its control endpoint on loopback (Linux)",
  ignore: Deno.build.os !== "linux",
  fn: () =>
    withLab({ hostname: "0.0.0.0" }, async ({ lab }) => {
      const { control, targets } = lab.addresses;
      const reached = async (url: string): Promise<boolean> => {
        const conn = await Deno.connect({ hostname: "127.0.0.2", port: Number(new URL(url).port) })
          .catch(() => undefined);
        conn?.close();
        return conn !== undefined;
      };
      assertEquals([await reached(targets.nginx), await reached(control)], [true, false]);
    }),
});
