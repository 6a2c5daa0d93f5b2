import fc from "fast-check";
import { runCommand } from "../../src/cli/commands.ts";
import { faultOf } from "../../src/cli/fault.ts";
import { OutputError } from "../../src/cli/io.ts";
import { assertEquals, assertMatch, assertStringIncludes } from "../assert.ts";
import { certload, recordingIo } from "./in_process.ts";

Deno.test("help, --help and -h list the commands on stdout; no command at all does on stderr", async () => {
  for (const word of ["help", "--help", "-h"]) {
    const { code, out, err } = await certload("", word);
    assertEquals([code, err], [0, ""]);
    assertMatch(out, /^certload: load tests for certificate servers\n/);
    assertMatch(out, /\n {2}calibrate {2}measure what this host can generate/);
    assertMatch(out, /\n {2}run {8}run a plan/);
  }
  const none = await certload("");
  assertEquals([none.code, none.out], [104, ""]);
  assertStringIncludes(none.err, "To start: certload run quickstart");
});

Deno.test("help COMMAND is what COMMAND --help is", async () => {
  const help = await certload("", "help", "merge");
  assertMatch(help.out, /^Usage: certload merge /);
  for (
    const args of [["merge", "--help"], ["merge", "-h"], ["merge", "x", "--help"], [
      "help",
      "merge",
      "--help",
    ]]
  ) {
    assertEquals(await certload("", ...args), help, args.join(" "));
  }
});

Deno.test("version, --version and -V print the versions", async () => {
  for (const word of ["version", "--version", "-V"]) {
    const { code, out } = await certload("", word);
    assertEquals(code, 0);
    assertMatch(out, /^certload +\d+\.\d+\.\d+\n/);
    const columns = out.trimEnd().split("\n").map((line) => /^\S+ +/.exec(line)?.[0].length);
    assertEquals(new Set(columns).size, 1, out);
  }
});

Deno.test("an unknown command is told with the near miss, as one or as help's subject", async () => {
  for (const args of [["rum", "quickstart"], ["help", "rum"]]) {
    const { code, out, err } = await certload("", ...args);
    assertEquals([code, out], [104, ""]);
    assertEquals(err, 'certload: unknown command "rum": did you mean `certload run`?\n');
  }
  const far = await certload("", "benchmark");
  assertStringIncludes(far.err, "`certload help` lists the commands");
});

Deno.test("a plan in a command's place is met with the command that runs it", async () => {
  const { code, err } = await certload("", "quickstart");
  assertEquals(code, 104);
  assertStringIncludes(err, "did you mean `certload run quickstart`?");
});

/** What every object has: a look-up by a user's word must not find it. */
const INHERITED = Object.getOwnPropertyNames(Object.prototype);

Deno.test("names that every object has are no commands, formats or schemas", async () => {
  const summary = new URL("../../docs/examples/summary.json", import.meta.url).pathname;
  for (const name of INHERITED) {
    for (
      const args of [
        [name],
        [name, "--help"],
        ["help", name],
        ["schema", name],
        ["compare", summary, summary, "--format", name],
        ["report", summary, "--format", name],
        ["run", "quickstart", "--report", `${name}=x`],
        ["run", "quickstart", `--report=${name}=x`],
        ["run", "quickstart", `--${name}`],
        ["run", "quickstart", `--${name}.x=1`],
        ["check", name],
        ["check", "quickstart", "--only", name],
        ["check", "quickstart", "--set", `${name}=1`],
        ["check", "quickstart", "--set", `scenarios.${name}.rate=1/s`],
        ["lab", "--port", `${name}=1`],
      ]
    ) {
      const { code, out } = await certload("", ...args);
      assertEquals([code, out], [104, ""], args.join(" "));
    }
  }
});

Deno.test("no first word is a fault of certload", async () => {
  await fc.assert(fc.asyncProperty(fc.string(), async (word) => {
    const { code } = await certload("", `x${word}`);
    assertEquals(code, 104);
  }));
});

Deno.test("what the operating system refuses is the host's, not a fault of certload", () => {
  const told = (error: unknown): [number, string] => {
    const { io, printed } = recordingIo();
    return [faultOf(error, io), printed.err];
  };
  const before = Deno.env.get("TMPDIR");
  let missing: unknown;
  try {
    Deno.env.set("TMPDIR", "/nowhere/at/all");
    Deno.makeTempDirSync();
  } catch (error) {
    missing = error;
  } finally {
    before === undefined ? Deno.env.delete("TMPDIR") : Deno.env.set("TMPDIR", before);
  }
  assertEquals(told(missing), [
    94,
    "certload: this host does not let it go on: the folder for temporary files (TMPDIR): " +
    "there is no such file or folder\n",
  ]);
  const output = new OutputError("Cannot write to standard output: no space is left on the disk");
  assertEquals(told(output), [104, `certload: ${output.message}\n`]);
  const [code, text] = told(new TypeError("x is not a function"));
  assertEquals(code, 107);
  assertStringIncludes(text, "x is not a function\nThis is a fault of certload itself.");
});

Deno.test("the trace is for those alone who ask for it", async () => {
  const { io, printed } = recordingIo();
  const error = new TypeError("x");
  faultOf(error, { ...io, env: { CERTLOAD_TRACE: "1" } });
  assertStringIncludes(printed.err, "commands_test.ts");
  const quiet = recordingIo();
  await runCommand([], quiet.io);
  faultOf(error, quiet.io);
  assertEquals(quiet.printed.err.includes("commands_test.ts"), false);
});
