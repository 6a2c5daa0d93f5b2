import { assertEquals } from "../assert.ts";
import { versions } from "../../src/cli/version.ts";
import { VERSION } from "../../src/version.ts";

Deno.test("certload comes first, then the runtime, then the libraries", () => {
  const rows = versions({
    undici: "npm:undici@7.30.2",
    "@std/cli": "npm:deno-std@1.4.0/cli/mod.js",
    "@peculiar/x509": "npm:@peculiar/x509@2.2.0",
  });
  assertEquals(rows[0], ["certload", VERSION]);
  assertEquals(rows[1]?.[0], "deno");
  assertEquals(rows.slice(3), [["undici", "7.30.2"], ["deno-std", "1.4.0"], [
    "@peculiar/x509",
    "2.2.0",
  ]]);
});

Deno.test("libraries of the tests alone, and what is no npm package, are left out", () => {
  const rows = versions({ "fast-check": "npm:fast-check@4.10.2", local: "./local.ts" });
  assertEquals(rows.length, 3);
});
