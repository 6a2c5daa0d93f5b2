import { assert, assertEquals, assertMatch } from "@std/assert";
import * as fc from "fast-check";
import type { Failure } from "../../src/http/failure.ts";
import { type Line, linesOf } from "../../src/http/undici/lines.ts";
import type { Secrets } from "../../src/kubernetes/secrets.ts";
import { SecretWatch, watchEvent } from "../../src/kubernetes/watch.ts";
import { settle, VirtualClock } from "../virtual_clock.ts";

function event(type: string, name: string, resourceVersion: string): string {
  const metadata = { name, resourceVersion };
  return JSON.stringify({
    type,
    object: { kind: "Secret", metadata, data: { "tls.key": "c2VjcmV0" } },
  });
}

Deno.test("a watch's line is a version, a bookmark, the end of what is known, or an error with its reason", () => {
  assertEquals(watchEvent(event("ADDED", "a", "7")), {
    kind: "version",
    name: "a",
    resourceVersion: "7",
  });
  const bookmark = JSON.stringify({
    type: "BOOKMARK",
    object: { metadata: { resourceVersion: "9" } },
  });
  assertEquals(watchEvent(bookmark), { kind: "bookmark", resourceVersion: "9" });
  assertEquals(watchEvent('{"type":"ERROR","object":{"code":410}}'), { kind: "expired" });
  const cases: [string, RegExp][] = [
    ['{"type":"ERROR","object":{"code":500,"message":"etcd is gone"}}', /was ended: etcd is gone/],
    ["<html>", /no JSON/],
    ['{"type":"RENAMED"}', /event of the type RENAMED/],
    ['{"type":"ADDED","object":{}}', /not a Secret: no name, or no version/],
    ['{"type":"BOOKMARK","object":{}}', /bookmark without a version/],
  ];
  for (const [line, expected] of cases) {
    const told = watchEvent(line);
    assertMatch(told.kind === "error" ? told.failure.message : told.kind, expected);
  }
});

Deno.test("whatever a peer sends as a line is an event, and a key in it is in no message", () => {
  fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (line) => {
    const { kind } = watchEvent(line);
    return ["version", "bookmark", "expired", "error"].includes(kind);
  }));
  const told = watchEvent(
    JSON.stringify({ type: "ADDED", object: { data: { "tls.key": "c2VjcmV0" } } }),
  );
  assert(!JSON.stringify(told).includes("c2VjcmV0"));
});

async function* chunked(bytes: Uint8Array, cuts: readonly number[]): AsyncGenerator<Uint8Array> {
  let from = 0;
  for (const cut of [...cuts].sort((a, b) => a - b).concat(bytes.length)) {
    await Promise.resolve();
    yield bytes.slice(from, Math.max(from, cut));
    from = Math.max(from, cut);
  }
}

async function read(
  chunks: AsyncIterable<Uint8Array>,
  maxLineBytes: number,
): Promise<{ texts: string[]; failure: Failure | undefined }> {
  const texts: string[] = [];
  const lines = linesOf(chunks, maxLineBytes);
  for (;;) {
    const { done, value } = await lines.next();
    if (done) return { texts, failure: value };
    texts.push(value.text);
  }
}

Deno.test("lines come whole however the bytes were cut, letters of several bytes too", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.string({ unit: "grapheme" }).map((text) => text.replaceAll(/[\r\n]/g, "")), {
        maxLength: 8,
      }),
      fc.array(fc.nat({ max: 200 }), { maxLength: 8 }),
      async (texts, cuts) => {
        const bytes = new TextEncoder().encode(texts.map((text) => `${text}\n`).join(""));
        const inside = cuts.filter((cut) => cut < bytes.length);
        const { texts: seen, failure } = await read(chunked(bytes, inside), 10_000);
        assertEquals(failure, undefined);
        assertEquals(
          seen,
          texts.map((text) => text.toWellFormed()).filter((text) => text.trim() !== ""),
        );
      },
    ),
    { numRuns: 60 },
  );
});

Deno.test("a line that never ends is a failure before it fills the memory", async () => {
  let sent = 0;
  async function* endless(): AsyncGenerator<Uint8Array> {
    for (;;) {
      await Promise.resolve();
      sent += 1000;
      yield new Uint8Array(1000).fill(0x61);
    }
  }
  const { texts, failure } = await read(endless(), 5_000);
  assertEquals([texts, failure?.class], [[], "too_large"]);
  assert(sent <= 6_000);
});

/** A watch whose connections are scripts: each a list of lines, then open or ended. */
function scripted(scripts: (readonly string[])[]): {
  watch: SecretWatch;
  clock: VirtualClock;
  from: string[];
} {
  const clock = new VirtualClock();
  const from: string[] = [];
  const signal = new AbortController().signal;
  const secrets = {
    version: () => Promise.resolve("list-1"),
    watchRequest: (version: string) => void from.push(version),
  } as unknown as Secrets;
  const watch = new SecretWatch({
    secrets,
    selector: "",
    sender: { signal, step: () => Promise.reject(new Error("unused")) },
    clock,
    lines: async function* (
      _request,
      { signal },
      opened,
    ): AsyncGenerator<Line, Failure | undefined> {
      opened();
      for (const text of scripts.shift() ?? []) yield { text, atUs: clock.nowUs() };
      if (scripts.length === 0) {
        await new Promise((resolve) => signal.addEventListener("abort", resolve));
      }
      return undefined;
    },
  });
  return { watch, clock, from };
}

Deno.test("a connection that ends goes on from the last version, and a forgotten one from a new list", async () => {
  const { watch, clock, from } = scripted([
    [event("ADDED", "a", "5")],
    [event("MODIFIED", "a", "6"), '{"type":"ERROR","object":{"code":410}}'],
    [event("MODIFIED", "a", "8")],
  ]);
  assertEquals(await watch.open(), undefined);
  await clock.advance(1_000_000);
  assertEquals(from, ["list-1", "5", "list-1"]);
  assertEquals([watch.reconnects, watch.gaps], [2, 1]);
  assertEquals(await watch.cameUs("a", "5", 0), 0);
  assertEquals(await watch.cameUs("a", "8", 0), 200_000);
  await watch.close();
});

Deno.test("why the last connection ended is kept for whoever waited in vain, and an end without a reason has none", async () => {
  const error = '{"type":"ERROR","object":{"code":500,"message":"etcd is gone"}}';
  const { watch, clock } = scripted([[error], [event("ADDED", "a", "5")], []]);
  assertEquals(await watch.open(), undefined);
  await settle();
  assertMatch(watch.failure?.message ?? "", /etcd is gone/);
  await clock.advance(150_000);
  assertEquals([watch.failure, watch.reconnects, watch.gaps], [undefined, 1, 0]);
  await watch.close();
});

Deno.test("who waits for a version is told when it comes, and nothing where it does not by the deadline", async () => {
  const { watch, clock } = scripted([[], [event("ADDED", "b", "3")]]);
  await watch.open();
  const [came, never] = [watch.cameUs("b", "3", 5_000_000), watch.cameUs("b", "4", 5_000_000)];
  await clock.advance(6_000_000);
  assertEquals([await came, await never], [100_000, undefined]);
  const cut = watch.cameUs("b", "9", 60_000_000);
  await settle();
  await watch.close();
  assertEquals(await cut, undefined);
});

Deno.test("a name that no Secret can have is not kept for anybody", async () => {
  const long = "x".repeat(100_000);
  const { watch, clock } = scripted([[event("ADDED", long, "1"), event("ADDED", "a", "2")]]);
  await watch.open();
  await clock.advance(1_000_000);
  assertEquals(await watch.cameUs("a", "2", 0), 0);
  assertEquals(await watch.cameUs(long, "1", 0), undefined);
  await watch.close();
});
