import { OutputError, realIo, type Stream, writeErr, writeOut } from "../../src/cli/io.ts";
import { assertEquals, assertThrows } from "../assert.ts";

/** Takes three bytes at a time. */
function slow(): { stream: Stream; text: () => string } {
  const taken: number[] = [];
  const writeSync = (bytes: Uint8Array): number => {
    taken.push(...bytes.subarray(0, 3));
    return Math.min(3, bytes.length);
  };
  return {
    stream: { writeSync },
    text: () => new TextDecoder().decode(new Uint8Array(taken)),
  };
}

function broken(error: Error): Stream {
  return {
    writeSync: () => {
      throw error;
    },
  };
}

Deno.test("what a stream takes in parts is written whole, each byte once", () => {
  for (const write of [writeOut, writeErr]) {
    const { stream, text } = slow();
    write(stream, "päckchenweise");
    assertEquals(text(), "päckchenweise");
  }
});

Deno.test("a reader that has gone away is no failure, a stream that takes nothing is, on stdout", () => {
  writeOut(broken(new Deno.errors.BrokenPipe("gone")), "x");
  const full = Object.assign(new Error("No space left on device (os error 28)"), {
    code: "ENOSPC",
  });
  const error = assertThrows(() => writeOut(broken(full), "x"), OutputError);
  assertEquals(
    (error as Error).message,
    "Cannot write to standard output: no space is left on the disk",
  );
  writeErr(broken(full), "x");
});

Deno.test({
  name: "the first signal asks for an end, the second demands it, and released none is heard",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    const { io: { interrupt }, release } = realIo();
    const seen = (): boolean[] => [interrupt.soft.aborted, interrupt.hard.aborted];
    const heard = async (signal: AbortSignal): Promise<void> => {
      Deno.kill(Deno.pid, "SIGHUP");
      const deadline = performance.now() + 60_000;
      while (!signal.aborted && performance.now() < deadline) {
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    };
    try {
      assertEquals(seen(), [false, false]);
      await heard(interrupt.soft);
      assertEquals(seen(), [true, false]);
      await heard(interrupt.hard);
      assertEquals(seen(), [true, true]);
    } finally {
      release();
    }
  },
});
