/**
 * `deno test --doc`: the examples in docstrings, type-checked and run. Deno puts an import of all that a module exports
 * before each of its examples, so unused ones are no mistake here, as they are elsewhere.
 */
const { imports, unstable, compilerOptions } = JSON.parse(await Deno.readTextFile("deno.json"));
const config = await Deno.makeTempFile({ suffix: ".json" });
const options = { ...compilerOptions, noUnusedLocals: false, noUnusedParameters: false };
try {
  await Deno.writeTextFile(config, JSON.stringify({ imports, unstable, compilerOptions: options }));
  const args = ["test", "-A", "--doc", "--config", config, "--lock", "deno.lock", "src"];
  const { code } = await new Deno.Command(Deno.execPath(), { args }).spawn().status;
  Deno.exitCode = code;
} finally {
  await Deno.remove(config);
}
