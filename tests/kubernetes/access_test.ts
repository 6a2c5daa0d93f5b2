import { reasonOf } from "../../src/kubernetes/access.ts";
import { assertEquals } from "../assert.ts";

Deno.test("why a file could not be read is said in words, and without its path", () => {
  const withCode = (code: string): Error =>
    Object.assign(new Error(`${code}: open '/x'`), { code });
  assertEquals(["ENOENT", "EACCES", "EISDIR"].map((code) => reasonOf(withCode(code))), [
    "it does not exist",
    "it may not be read by this user",
    "it is a folder",
  ]);
  assertEquals(reasonOf(new Error("other")), "other");
});
