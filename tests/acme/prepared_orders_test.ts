import { type PreparedOrderOptions, PreparedOrders } from "../../src/acme/prepared_orders.ts";
import { decodeBase64url } from "../../src/keys/base64url.ts";
import { assert, assertEquals, assertMatch } from "../assert.ts";
import { readCsr } from "./test_ca.ts";

const never = new AbortController().signal;

function orders(options: Partial<PreparedOrderOptions> = {}): PreparedOrders {
  return new PreparedOrders({
    identifiers: ["{id}.example.test"],
    names: 1,
    alg: "ES256",
    ...options,
  });
}

Deno.test("as many orders are prepared as were asked for, each taken once", async () => {
  const prepared = orders();
  await prepared.prepare(3, never);
  const taken = [1, 2, 3].map(() => prepared.take());
  const names = taken.flatMap((order) => order!.names);
  assertEquals([new Set(names).size, prepared.take()], [3, undefined]);
  for (const name of names) assertMatch(name, /^c[0-9a-z]{10}-[0-9a-z]+\.example\.test$/);
});

Deno.test("nothing is prepared once the run is interrupted", async () => {
  const prepared = orders();
  await prepared.prepare(3, AbortSignal.abort());
  assertEquals(prepared.take(), undefined);
});

Deno.test("an order's request has its names and its key", async () => {
  const { names, key, finalizePayload } = await orders({
    identifiers: ["{id}.test", "{n}.{id}.test", "10.0.0.{n}"],
    names: 2,
  }).make();
  const [id] = names[0]!.split(".");
  assertEquals(names, [`${id}.test`, `1.${id}.test`, `2.${id}.test`, "10.0.0.1", "10.0.0.2"]);
  const { csr } = JSON.parse(finalizePayload) as { csr: string };
  const read = readCsr(decodeBase64url(csr)!);
  assertEquals([read.names.toSorted(), read.spki], [names.toSorted(), key.spki]);
});

Deno.test("numbers go on from order to order, and two workers' names never meet", async () => {
  const [one, other] = [orders(), orders()];
  const idOf = async (from: PreparedOrders) => (await from.make()).names[0]!.split(".")[0]!;
  const [first, second, foreign] = [await idOf(one), await idOf(one), await idOf(other)];
  assertEquals([first.split("-")[1], second.split("-")[1], foreign.split("-")[1]], ["0", "1", "0"]);
  assertEquals(first.split("-")[0], second.split("-")[0]);
  assert(first.split("-")[0] !== foreign.split("-")[0]);
});

Deno.test("each order has a key of its own, or keys are shared in turn", async () => {
  const spkis = async (sharedKeys?: number): Promise<string[]> => {
    const made = orders(sharedKeys === undefined ? {} : { sharedKeys });
    const keys: string[] = [];
    for (let n = 0; n < 5; n++) keys.push((await made.make()).key.spki.toHex());
    return keys;
  };
  assertEquals(new Set(await spkis()).size, 5);
  const shared = await spkis(2);
  assertEquals(new Set(shared).size, 2);
  assertEquals([shared[2], shared[3], shared[4]], [shared[0], shared[1], shared[0]]);
});
