import { runCommand } from "../../src/command.ts";
import { KeptTrain } from "../../src/deploy/kept.ts";
import { assert, assertEquals } from "../assert.ts";
import { systemClock } from "../acme/harness.ts";
import { testWith } from "../programs.ts";
import { testCertificate } from "../servers/certificate.ts";
import { loggedRequests, nginxProgram, startNginx } from "../servers/nginx.ts";

const RELOADS = 5;

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

testWith("nginx")(
  "what nginx answers is answered, what its reloads cut off is in no line of its log",
  async () => {
    const nginx = await startNginx();
    const train = await KeptTrain.open({
      url: "https://web-1.test/kept",
      address: { hostname: "127.0.0.1", port: nginx.port },
      clock: systemClock,
      perS: 200,
      connections: 4,
      timeoutMs: 10_000,
    });
    try {
      train.begin();
      for (let n = 0; n < RELOADS; n++) {
        await wait(200);
        const where = ["-p", nginx.folder, "-c", "nginx.conf", "-e", "error.log"];
        assertEquals((await runCommand([nginxProgram!, ...where, "-s", "reload"])).code, 0);
      }
      await wait(300);
      train.end();
      const answered = await settled(() => Promise.resolve(train.counts.answered));
      // Lines are written when a request has ended.
      const logged = await settled(async () => (await loggedRequests(nginx)).length);
      const { requests, reset } = train.counts;
      assert(Math.abs(logged - answered) <= 1, `${answered} answered, ${logged} logged`);
      assert(requests > 50 && reset < requests, `${requests} requests, ${reset} cut off`);
    } finally {
      train.close();
      await nginx.stop();
    }
  },
);

/** A number that has stopped to grow. */
async function settled(read: () => Promise<number>): Promise<number> {
  let last = await read();
  for (;;) {
    await wait(300);
    const now = await read();
    if (now === last) return now;
    last = now;
  }
}

Deno.test("a server that ends a connection while a request is on its way has cut it off", async () => {
  let answers = 0;
  const { certPem, keyPem } = await testCertificate();
  const listener = Deno.listenTls({ hostname: "127.0.0.1", port: 0, cert: certPem, key: keyPem });
  const serve = async (connection: Deno.TlsConn): Promise<void> => {
    const buffer = new Uint8Array(4096);
    // Each connection answers once, and takes the second request with it.
    for (let n = 0; n < 2; n++) {
      if (await connection.read(buffer) === null) break;
      if (n === 1) break;
      answers++;
      await connection.write(
        new TextEncoder().encode("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"),
      );
    }
    connection.close();
  };
  const accepting = (async (): Promise<void> => {
    for await (const connection of listener) void serve(connection).catch(() => {});
  })();
  const train = await KeptTrain.open({
    url: "https://web-1.test/",
    address: { hostname: "127.0.0.1", port: listener.addr.port },
    clock: systemClock,
    perS: 50,
    connections: 1,
    timeoutMs: 5_000,
  });
  try {
    train.begin();
    while (answers < 6) await wait(10);
    train.end();
    await wait(200);
    const { requests, reset } = train.counts;
    assert(reset >= 4, `${reset} of ${requests}`);
    assertEquals(requests, reset);
  } finally {
    train.close();
    listener.close();
    await accepting;
  }
});
