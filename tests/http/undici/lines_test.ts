import type { Failure } from "../../../src/http/failure.ts";
import { lines, linesOf } from "../../../src/http/undici/lines.ts";
import { assertEquals, assertMatch, assertStringIncludes } from "../../assert.ts";
import { type Script, serve } from "../scripted_server.ts";

const never = new AbortController().signal;
const LIMIT_BYTES = 100;

interface Read {
  readonly texts: string[];
  readonly opened: number;
  readonly end: Failure | undefined;
}

async function readAll(url: URL, signal = never, onLine = () => {}): Promise<Read> {
  const texts: string[] = [];
  let opened = 0;
  const request = { method: "GET", url, headers: { "x-own": "1" } };
  const options = { tls: { insecureSkipVerify: false }, maxLineBytes: LIMIT_BYTES, signal };
  const all = lines(request, options, () => opened++);
  for (;;) {
    const { value, done } = await all.next();
    if (done) return { texts, opened, end: value };
    texts.push(value.text);
    onLine();
  }
}

async function readFrom(script: Script, signal?: AbortSignal, onLine?: () => void): Promise<Read> {
  const server = serve(script);
  try {
    return await readAll(new URL("watch?from=7", server.url), signal, onLine);
  } finally {
    await server.close();
  }
}

const CHUNKED = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
const chunk = (text: string): string =>
  `${new TextEncoder().encode(text).length.toString(16)}\r\n${text}\r\n`;

Deno.test("lines come as the server tells them, until it ends the answer", async () => {
  let head = "";
  const read = await readFrom(async (peer) => {
    head = (await peer.request())!.head;
    await peer.send(CHUNKED + chunk("a\n\nb") + chunk("c\nd\n") + chunk("unended") + "0\r\n\r\n");
  });
  assertEquals(read, { texts: ["a", "bc", "d"], opened: 1, end: undefined });
  assertMatch(head, /^GET \/watch\?from=7 HTTP\/1\.1\r\n/);
  assertMatch(head, /x-own: 1/);
});

Deno.test("an answer other than 200 is its class, with the first of its reason", async () => {
  for (
    const [status, named] of [[404, "status_4xx"], [503, "status_5xx"], [
      201,
      "unexpected_status",
    ]] as const
  ) {
    const reason = `not\nthere ${"x".repeat(5000)}`;
    const { texts, opened, end } = await readFrom(async (peer) => {
      await peer.request();
      await peer.send(`HTTP/1.1 ${status} N\r\ncontent-length: ${reason.length}\r\n\r\n${reason}`);
    });
    assertEquals([texts, opened, end?.class], [[], 0, named]);
    assertStringIncludes(end!.message, `expected 200, got ${status}: not there xx`);
    assertEquals(end!.message.length < 400, true);
  }
});

Deno.test("what cannot be connected to is told with the dial's own class", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  const { end } = await readAll(new URL(`http://127.0.0.1:${port}/`));
  assertEquals(end?.class, "connect_refused");
});

Deno.test("an answer that is cut off has ended early, and says which", async () => {
  const { texts, opened, end } = await readFrom(async (peer) => {
    await peer.request();
    await peer.send(CHUNKED + chunk("a\n"));
    peer.close();
  });
  assertEquals([texts, opened, end?.class], [["a"], 1, "closed"]);
  assertMatch(end!.message, /^http:\/\/localhost:\d+\/watch ended early: /);
});

Deno.test("what nobody wants any more ends without a failure", async () => {
  const abort = new AbortController();
  const read = await readFrom(
    async (peer) => {
      await peer.request();
      await peer.send(CHUNKED + chunk("a\n"));
      await peer.bytes();
    },
    abort.signal,
    () => abort.abort(),
  );
  assertEquals(read, { texts: ["a"], opened: 1, end: undefined });
});

async function* chunksOf(...texts: (string | Uint8Array)[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield typeof text === "string" ? new TextEncoder().encode(text) : text;
  await Promise.resolve();
}

Deno.test("a line may be as long as its limit, in whatever parts it comes, and not an octet longer", async () => {
  const read = async (...chunks: (string | Uint8Array)[]): Promise<[string[], string?]> => {
    const texts: string[] = [];
    const all = linesOf(chunksOf(...chunks), 5);
    for (;;) {
      const { value, done } = await all.next();
      if (done) return [texts, value?.message];
      texts.push(value.text);
    }
  };
  const told = "A line has more than 5 bytes";
  assertEquals(await read("12345\n", "12", "345\n", "\n", " \n"), [["12345", "12345"], undefined]);
  assertEquals(await read("1\n123456\n"), [["1"], told]);
  assertEquals(await read("123", "456"), [[], told]);
  const [first, last] = [new Uint8Array([0xc3]), new Uint8Array([0xbc, 0x0a])];
  assertEquals(await read("a", first, last), [["aü"], undefined]);
  assertEquals(await read(first, "\nb\n"), [["\ufffd", "b"], undefined]);
});
