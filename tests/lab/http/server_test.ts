import { startLab } from "../../../src/lab/lab.ts";
import { assertEquals, assertMatch, assertRejects, assertStringIncludes } from "../../assert.ts";
import { exchange, withLab } from "../harness.ts";

Deno.test("requests on one connection are answered in turn", async () => {
  await withLab({}, async ({ lab }) => {
    const request = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
    const last = "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
    const { targets, caPem } = lab.addresses;
    const answer = await exchange(targets.nginx, caPem, request + request + last);
    assertEquals(answer.split("HTTP/1.1 200 OK").length, 4);
    const { connections, handshakes, requests } = lab.counts().nginx;
    assertEquals({ connections, handshakes, requests }, {
      connections: 1,
      handshakes: 1,
      requests: 3,
    });
  });
});

Deno.test("what is no HTTP is answered with 400 and the end", async () => {
  await withLab({}, async ({ lab }) => {
    const answer = await exchange(
      lab.addresses.targets.f5,
      lab.addresses.caPem,
      "nonsense\r\n\r\n",
    );
    assertMatch(answer, /^HTTP\/1\.1 400 Bad Request\r\n/);
  });
});

Deno.test("a head without end is answered with 431 and the end", async () => {
  await withLab({}, async ({ lab }) => {
    const head = `GET / HTTP/1.1\r\nX: ${"a".repeat(40_000)}`;
    const answer = await exchange(lab.addresses.targets.f5, lab.addresses.caPem, head);
    assertMatch(answer, /^HTTP\/1\.1 431 /);
  });
});

Deno.test("a client that waits for 100 Continue gets it", async () => {
  await withLab({}, async ({ lab }) => {
    const request = "POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n" +
      "Connection: close\r\n\r\nab";
    const answer = await exchange(lab.addresses.targets.nginx, lab.addresses.caPem, request);
    assertMatch(answer, /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK/);
  });
});

Deno.test("a client that sends a large body to the end gets the answer all the same", async () => {
  await withLab({}, async ({ lab }) => {
    const length = 3_000_000;
    const request = `POST /api/v1/certificates HTTP/1.1\r\nContent-Length: ${length}\r\n\r\n` +
      "x".repeat(length);
    const answer = await exchange(lab.addresses.api, lab.addresses.caPem, request);
    assertMatch(answer, /^HTTP\/1\.1 401 Unauthorized\r\n/);
  });
});

Deno.test("a body too large to pass over ends the connection after the answer", async () => {
  await withLab({}, async ({ lab }) => {
    const request = "POST / HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n";
    const answer = await exchange(lab.addresses.targets.nginx, lab.addresses.caPem, request);
    assertStringIncludes(answer, "200 OK");
    assertStringIncludes(answer, "Connection: close");
  });
});

Deno.test("a lab closes though somebody holds a connection without a handshake", async () => {
  const lab = await startLab();
  const { hostname, port } = new URL(lab.addresses.api);
  const conn = await Deno.connect({ hostname, port: Number(port) });
  while (lab.counts().api.open === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  await lab.close(); // the runtime keeps such a connection until its peer goes
  conn.close();
  await assertRejects(() => Deno.connect({ hostname, port: Number(port) }));
});
