import { assert, assertEquals, assertStringIncludes } from "../assert.ts";
import { join } from "node:path";
import { withProgram } from "./program.ts";

async function read(folder: string, path: string): Promise<string> {
  return await Deno.readTextFile(join(folder, path));
}

Deno.test("init writes plans, compose files and the schema, and says how to run them", async () => {
  await withProgram(["init", "mine"], {}, async ({ code, stdout, stderr, folder }) => {
    assertEquals(code, 0, stderr);
    for (const name of ["quickstart", "loadtest", "acme"]) {
      const plan = await read(folder, `mine/scenarios/${name}.yaml`);
      assertStringIncludes(plan, "# yaml-language-server: $schema=../plan.schema.json");
      assertStringIncludes(plan, "scenarios:");
    }
    const schema = JSON.parse(await read(folder, "mine/plan.schema.json"));
    assertStringIncludes(schema.$schema, "json-schema.org");
    assertStringIncludes(await read(folder, "mine/compose/docker-compose.yml"), "certctl-server:");
    assertStringIncludes(await read(folder, "mine/compose/fixtures/nginx.conf"), "listen 443 ssl");
    assertStringIncludes(stdout, join("mine", "scenarios", "quickstart.yaml"));
  });
});

Deno.test("init replaces no file unless it is told to", async () => {
  const files = { "mine/scenarios/acme.yaml": "my own\n" };
  await withProgram(["init", "mine"], { files }, async ({ code, stderr, folder }) => {
    assertEquals(code, 104);
    assertStringIncludes(stderr, "scenarios/acme.yaml");
    assertStringIncludes(stderr, "--force");
    assertEquals(await read(folder, "mine/scenarios/acme.yaml"), "my own\n");
    const written = Array.from(Deno.readDirSync(join(folder, "mine")), ({ name }) => name);
    assertEquals(written, ["scenarios"]);
  });
  await withProgram(["init", "mine", "--force"], { files }, async ({ code, stderr, folder }) => {
    assertEquals(code, 0, stderr);
    assertStringIncludes(await read(folder, "mine/scenarios/acme.yaml"), "scenarios:");
  });
});

Deno.test("init into a place that cannot be written to is told without a stack trace", async () => {
  await withProgram(["init", "file/mine"], { files: { file: "" } }, ({ code, stderr }) => {
    assertEquals(code, 104);
    assertStringIncludes(stderr, 'Cannot write into "file/mine"');
    assert(!stderr.includes("    at "), stderr);
  });
});

Deno.test("init that cannot write all leaves nothing of what it began, and what was there", async () => {
  // Compose files come before plans or after them: either way something was written when the file is met.
  for (const barred of ["compose", "scenarios"]) {
    const files = { [`mine/${barred}`]: "a file" };
    await withProgram(["init", "mine"], { files }, ({ code, folder, stderr }) => {
      assertEquals(code, 104, stderr);
      const left = Array.from(Deno.readDirSync(join(folder, "mine")), ({ name }) => name);
      assertEquals(left, [barred]);
    });
  }
});

Deno.test("version names certload, Deno and the libraries", async () => {
  await withProgram(["version"], {}, ({ code, stdout }) => {
    assertEquals(code, 0);
    for (const name of ["certload", "deno", "v8", "zod", "jose"]) {
      assert(new RegExp(`^${name} +\\d+\\.\\d+`, "m").test(stdout), `${name}\n${stdout}`);
    }
  });
});
