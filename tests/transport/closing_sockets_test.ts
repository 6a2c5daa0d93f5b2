import { ClosingSockets } from "../../src/transport/closing_sockets.ts";
import { assertEquals } from "../assert.ts";

Deno.test("sockets that are closed faster than 320 a second pile up, and are gone in their time", () => {
  const closing = new ClosingSockets();
  assertEquals(closing.countAt(5_000_000), 0);
  for (let i = 0; i < 64; i++) closing.add(5_000_000);
  assertEquals(closing.countAt(5_000_000), 64);
  assertEquals(closing.countAt(5_100_000), 32);
  closing.add(5_100_000);
  assertEquals(closing.countAt(5_100_000), 33);
  assertEquals(closing.countAt(9_000_000), 0);
});

Deno.test("sockets that are closed more slowly than that leave none behind", () => {
  const closing = new ClosingSockets();
  for (let i = 0; i < 1_000; i++) closing.add(i * 10_000);
  assertEquals(closing.countAt(1_000 * 10_000), 0);
});
