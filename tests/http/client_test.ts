import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { unmeasuredClient } from "../../src/http/client.ts";
import { assertEquals } from "../assert.ts";
import { always, serve } from "./scripted_server.ts";

const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const OPTIONS = { tls: { insecureSkipVerify: true }, maxBodyBytes: 1000 };
const SEND = { timeoutMs: 5_000 };

Deno.test("what is not measured is sent by undici, over one connection", async () => {
  const sent: string[] = [];
  const listen = (message: unknown): void => {
    sent.push((message as { headers: string }).headers.split("\r\n")[0]!);
  };
  subscribe("undici:client:sendHeaders", listen);
  const server = serve(always(OK));
  const client = unmeasuredClient(OPTIONS);
  try {
    for (const path of ["/a", "/b"]) {
      const request = { method: "GET", url: new URL(path, server.url), headers: {} };
      const { status, body } = await client.send(request, SEND);
      assertEquals([status, new TextDecoder().decode(body)], [200, "ok"]);
    }
    assertEquals(sent, ["GET /a HTTP/1.1", "GET /b HTTP/1.1"]);
    assertEquals(server.connections, 1);
  } finally {
    client.close();
    unsubscribe("undici:client:sendHeaders", listen);
    await server.close();
  }
});

Deno.test("a client that was closed before its first request sends none", async () => {
  const server = serve(always(OK));
  const client = unmeasuredClient(OPTIONS);
  client.close();
  const request = { method: "GET", url: server.url, headers: {} };
  const { failure } = await client.send(request, SEND);
  assertEquals([failure?.class, server.connections], ["client", 0]);
  await server.close();
});
