import { assert, assertEquals, assertStringIncludes } from "./assert.ts";
import { testWith } from "./programs.ts";
import { runCommand } from "../src/command.ts";

const test = testWith("sh", "head", "sleep", "true");

test("a command's exit code, standard output and lines of both streams are kept", async () => {
  const lines: string[] = [];
  const result = await runCommand(["sh", "-c", "echo out; echo err >&2; printf last; exit 3"], {
    onLine: (line) => lines.push(line),
  });
  assertEquals(result.code, 3);
  assertEquals(result.stdout, "out\nlast");
  assertEquals([...result.tail].sort(), ["err", "last", "out"]);
  assertEquals(lines.length, 3);
});

Deno.test("a missing program is a result with code 127", async () => {
  const result = await runCommand(["certload-no-such-program"]);
  assertEquals(result.code, 127);
  assertStringIncludes(result.tail[0]!, 'Cannot run "certload-no-such-program"');
});

test("of long output the last lines are kept, cut to a bounded length", async () => {
  const script =
    "i=0; while [ $i -lt 100 ]; do echo $i; i=$((i+1)); done; head -c 100000 /dev/zero";
  const result = await runCommand(["sh", "-c", script]);
  assertEquals(result.tail.length, 40);
  assert(result.tail.every((line) => line.length <= 2_000));
});

test("aborting ends the command", async () => {
  const abort = new AbortController();
  const result = await runCommand(["sh", "-c", "echo started; exec sleep 60"], {
    signal: abort.signal,
    onLine: () => abort.abort(),
  });
  assertEquals(result.code, 143);
});

test("a signal that is aborted already ends the command at once", async () => {
  const result = await runCommand(["sleep", "60"], { signal: AbortSignal.abort() });
  assertEquals(result.code, 143);
});

test("the process is named while it runs", async () => {
  const seen: (number | undefined)[] = [];
  await runCommand(["true"], { onProcess: (pid) => seen.push(pid) });
  assertEquals(typeof seen[0], "number");
  assertEquals(seen[1], undefined);
});

test("what a command leaves running holds nobody up, and is not ended with it", async () => {
  const abort = new AbortController();
  const result = await runCommand(["sh", "-c", "sleep 60 & echo $!"], { signal: abort.signal });
  assertEquals(result.code, 0);
  abort.abort();
  // Throws where there is no such process.
  Deno.kill(Number(result.stdout), "SIGKILL");
});

test("a flood of lines is ended with the command, and its last lines are kept", async () => {
  const abort = new AbortController();
  const late = setTimeout(() => abort.abort(), 300);
  const result = await runCommand(["sh", "-c", "while :; do echo yes; done"], {
    signal: abort.signal,
  });
  clearTimeout(late);
  assertEquals(result.tail, Array.from({ length: 40 }, () => "yes"));
});
