import { isFailure } from "../../src/http/failure.ts";
import { reach, type ReachOptions } from "../../src/http/reach.ts";
import { assert, assertEquals, assertStringIncludes } from "../assert.ts";
import { issue } from "./certificates.ts";
import { type Peer, serve } from "./scripted_server.ts";

const options: ReachOptions = {
  tls: { insecureSkipVerify: true },
  protocol: "http/1.1",
  timeoutMs: 10_000,
};

Deno.test("a server is reached without a request: its phases, and its certificate where there is TLS", async () => {
  const asked: (string | undefined)[] = [];
  const certificate = await issue();
  for (const secure of [false, true]) {
    const server = serve(async (peer) => void asked.push(await peer.head()), {
      ...(secure && { certificate }),
    });
    const reached = await reach(server.url, options);
    assert(!isFailure(reached), JSON.stringify(reached));
    assertEquals([reached.phases.connectUs! > 0, "tlsUs" in reached.phases], [true, secure]);
    assertEquals("certificate" in reached, secure);
    await server.close();
  }
  assertEquals(asked, [undefined, undefined]);
});

Deno.test("a server that does not speak HTTP/2 is not reached over it, with the reason", async () => {
  const certificate = await issue();
  const h2 = { ...options, protocol: "h2" } as const;
  const silent = async (peer: Peer): Promise<void> => void await peer.bytes();
  const plain = serve(silent), http1 = serve(silent, { certificate });
  const both = serve(silent, { certificate, alpn: ["h2", "http/1.1"] });
  const reasons = await Promise.all([plain, http1, both].map(({ url }) => reach(url, h2)));
  const [overPlain, overHttp1, overBoth] = reasons.map((each) =>
    isFailure(each) ? `${each.class}: ${each.message}` : "reached"
  );
  assertStringIncludes(overPlain!, "protocol: The server at localhost:");
  assertStringIncludes(overPlain!, "cannot be asked over HTTP/2: it is spoken over https only");
  assert(overHttp1 !== "reached", overHttp1);
  assertEquals(overBoth, "reached");
  for (const protocol of ["auto", "http/1.1"] as const) {
    assertEquals(isFailure(await reach(http1.url, { ...options, protocol })), false);
  }
  for (const server of [plain, http1, both]) await server.close();
});

Deno.test("what cannot be reached is a failure: nobody there, an interrupt before and meanwhile", async () => {
  const server = serve(async (peer) => void await peer.bytes());
  const { url } = server;
  const before = await reach(url, { ...options, signal: AbortSignal.abort() });
  assertEquals([isFailure(before) && before.class, server.connections], ["interrupted", 0]);
  const abort = new AbortController();
  const tls = new URL(url.href.replace("http:", "https:"));
  const meanwhile = reach(tls, { ...options, signal: abort.signal });
  abort.abort();
  const cut = await meanwhile;
  assertEquals(isFailure(cut) && cut.class, "interrupted");
  await server.close();
  const nobody = await reach(url, options);
  assertEquals(isFailure(nobody) && nobody.class, "connect_refused");
});
