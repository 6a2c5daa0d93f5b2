import { findProgram, firstMissing } from "./programs.ts";
import { assertEquals } from "./assert.ts";

async function withPath(path: string, use: () => void): Promise<void> {
  const before = Deno.env.get("PATH") ?? "";
  Deno.env.set("PATH", path);
  try {
    await use();
  } finally {
    Deno.env.set("PATH", before);
  }
}

Deno.test("a program is found on the PATH by any of its names, and is missing on an emptied one", async () => {
  const folder = await Deno.makeTempDir();
  await Deno.writeTextFile(`${folder}/httpd-of-test`, "");
  await withPath(`${folder}:/nowhere`, () => {
    assertEquals(findProgram("apache-of-test", "httpd-of-test"), `${folder}/httpd-of-test`);
    assertEquals(firstMissing([["apache-of-test", "httpd-of-test"]]), undefined);
    assertEquals(firstMissing([["apache-of-test", "httpd-of-test"], "sh-of-test"]), "sh-of-test");
  });
  await withPath("", () => assertEquals(firstMissing([["a-of-test", "b-of-test"]]), "a-of-test"));
  await Deno.remove(folder, { recursive: true });
});
