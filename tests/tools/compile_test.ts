import { assertEquals, assertThrows } from "../assert.ts";
import {
  addedTo,
  compileArguments,
  failureReason,
  outputName,
  parseTargets,
  startedModules,
  withoutUnused,
} from "../../tools/compile.ts";

Deno.test("all five targets are built when none is named", () => {
  assertEquals(parseTargets([]).map(outputName), [
    "certload-linux-x64",
    "certload-linux-arm64",
    "certload-macos-x64",
    "certload-macos-arm64",
    "certload-windows-x64.exe",
  ]);
});

Deno.test("a target that there is not is told with those that there are", () => {
  assertThrows(() => parseTargets(["solaris"]), RangeError, 'Cannot compile for "solaris"');
  assertEquals(parseTargets(["macos-arm64"]), ["macos-arm64"]);
});

Deno.test("modules that a source starts by their address are found", () => {
  const source = `
    new Worker(new URL("./worker_thread.ts", import.meta.url), { type: "module" });
    const folder = new URL("../../scenarios/", import.meta.url);
    const other = new URL(
      "../pacing/wakeup_thread.ts",
      import.meta.url,
    );
  `;
  assertEquals(startedModules(source), ["./worker_thread.ts", "../pacing/wakeup_thread.ts"]);
});

Deno.test("folders and started modules go into the executable", () => {
  const args = compileArguments("linux-x64", "dist/certload", ["src/engine/worker_thread.ts"]);
  const included = args.filter((_, at) => args[at - 1] === "--include");
  assertEquals(included, ["scenarios", "compose", "src/engine/worker_thread.ts"]);
  assertEquals(args[args.indexOf("--target") + 1], "x86_64-unknown-linux-gnu");
  assertEquals(args.slice(-3), ["--output", "dist/certload", "main.ts"]);
});

Deno.test("packages that only tests import stay out of the executable", () => {
  const imports = {
    yaml: "npm:yaml@2",
    "@std/assert": "npm:x@1",
    hdr: "npm:hdr@3",
    "hdr/": "npm:/hdr@3/",
  };
  const sources = [
    'import { parse } from "yaml";\nconst NAMES = ["@std/assert"];',
    'import codec from "hdr/dist/codec.js";',
  ];
  assertEquals(withoutUnused({ imports }, sources), {
    imports: { yaml: "npm:yaml@2", hdr: "npm:hdr@3", "hdr/": "npm:/hdr@3/" },
  });
});

Deno.test("no package comes in that the lock has not, or has otherwise", () => {
  const lock = { a: { integrity: "1" }, b: { integrity: "2" } };
  assertEquals(addedTo(lock, { a: { integrity: "1" } }), []);
  assertEquals(addedTo(lock, { a: { integrity: "9" }, c: { integrity: "3" } }), ["a", "c"]);
});

Deno.test("a runtime that cannot be downloaded is named", () => {
  const stderr = `error: Writing deno compile executable to temporary file 'x'

Caused by:
    0: Setting up base binary.
    1: error sending request for url (https://example.test/denort-aarch64-apple-darwin.zip): dns error
    2: dns error
`;
  assertEquals(
    failureReason(stderr),
    "error sending request for url (https://example.test/denort-aarch64-apple-darwin.zip): dns error",
  );
  assertEquals(failureReason("error: Module not found\n    at x"), "Module not found");
});
