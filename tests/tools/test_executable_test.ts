import { assertEquals } from "../assert.ts";
import { offline } from "../../tools/test_executable.ts";

Deno.test("a program is cut off from the network by a namespace in which loopback is up", () => {
  assertEquals(offline(["deno", "test"], true), [
    "unshare",
    "--net",
    "sh",
    "-c",
    'ip link set lo up && exec "$@"',
    "sh",
    "deno",
    "test",
  ]);
});

Deno.test("where there are no namespaces the program runs as it is", () => {
  assertEquals(offline(["deno", "test"], false), ["deno", "test"]);
});
