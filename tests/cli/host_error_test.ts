import { isHostError, reasonOf, subjectOf } from "../../src/cli/host_error.ts";
import { assertEquals, assertStringIncludes } from "../assert.ts";

const withCode = (message: string, code: unknown): Error =>
  Object.assign(new Error(message), { code });

Deno.test("an error is the host's where the operating system gave it its code", () => {
  for (const code of ["ENOENT", "E2BIG", "EAI_AGAIN"]) {
    assertEquals(isHostError(withCode("m", code)), !code.includes("_"), code);
  }
  for (const code of ["ERR_INVALID_ARG", "E", "enoent", "XENOENT", 7, undefined]) {
    assertEquals(isHostError(withCode("m", code)), false, String(code));
  }
  for (const other of [new Error("m"), "ENOENT", { code: "ENOENT" }, null, undefined]) {
    assertEquals(isHostError(other), false, String(other));
  }
});

Deno.test("a reason is in words, without the system's number for it, and for no other error anything else", () => {
  assertEquals(
    reasonOf(withCode("No space left (os error 28)", "ENOSPC")),
    "no space is left on the disk",
  );
  assertEquals(
    reasonOf(withCode("Text file busy (os error 26): open '/x'", "ETXTBSY")),
    "Text file busy",
  );
  assertEquals(reasonOf(withCode("Text file busy (os error 26)", "ETXTBSY")), "Text file busy");
  assertEquals(reasonOf(new Error("a (os error 2) b")), "a (os error 2) b");
  assertEquals(reasonOf("told"), "told");
});

Deno.test("what an error was about is its path, or all of it; the folder for temporary files is named", () => {
  assertEquals(subjectOf(new Error("No such file (os error 2): open '/x\ny'")), "open '/x\ny'");
  assertEquals(subjectOf(new Error("No such file (os error 2)")), "No such file (os error 2)");
  assertEquals(
    subjectOf(new Error("No such file (os error 2): tmpdir")),
    "the folder for temporary files (TMPDIR)",
  );
});

Deno.test("errors that the runtime gives are known by their code, with their reason and subject", async () => {
  const path = `${await Deno.makeTempDir()}/missing`;
  const error = await Deno.open(path).then(() => undefined, (error: unknown) => error);
  assertEquals([isHostError(error), reasonOf(error)], [true, "there is no such file or folder"]);
  assertStringIncludes(subjectOf(error as Error), path);
});
