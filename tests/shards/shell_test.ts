import fc from "fast-check";
import { comment, pathWord, word, words } from "../../src/shards/shell.ts";
import { assertEquals } from "../assert.ts";
import { testWith } from "../programs.ts";
import { hostile } from "./shared_runs.ts";

const WITH_SH = testWith("sh");

/** What a shell takes the words for. */
async function heard(line: string): Promise<string[]> {
  const { stdout } = await new Deno.Command("sh", {
    args: ["-c", `printf '%s\\0' ${line}`],
    stdout: "piped",
  }).output();
  return new TextDecoder().decode(stdout).split("\0").slice(0, -1);
}

WITH_SH("any texts arrive at a program as they are", async () => {
  const texts = fc.sample(hostile, 400);
  assertEquals(await heard(words(texts)), texts);
});

Deno.test("a word that means itself is left as it is, and an empty one is one", () => {
  assertEquals(word("--set=a.b=3"), "'--set=a.b=3'");
  assertEquals(word("--only=api"), "--only=api");
  assertEquals(word("~"), "'~'");
  assertEquals(word(""), "''");
});

Deno.test("a path that looks like a flag is none", () => {
  assertEquals(pathWord("-rf"), "./-rf");
  assertEquals(pathWord("/plans/a b.yaml"), "'/plans/a b.yaml'");
});

Deno.test("a comment is one line, whatever is in it", () => {
  fc.assert(fc.property(hostile, (text) => {
    const line = comment(text);
    assertEquals([line.startsWith("# "), /[\r\n\u2028\u2029]/.test(line)], [true, false]);
  }));
});
