import { isFailure } from "../../../src/http/failure.ts";
import { type Proof, ProofTable } from "../../../src/acme/challenge/proofs.ts";
import { RemoteProofs, shareProofs } from "../../../src/acme/challenge/remote.ts";
import { assert, assertEquals, assertStringIncludes } from "../../assert.ts";

const proof: Proof = { type: "http-01", name: "a.test", token: "t", keyAuthorization: "t.k" };

async function connected(name: string): Promise<RemoteProofs> {
  const remote = await RemoteProofs.connect(name);
  assert(!isFailure(remote));
  return remote;
}

const sanitize = { sanitizeOps: true, sanitizeResources: true };

Deno.test(
  "a proof is in the other's table once put() resolves, and gone once all have left, with their channels",
  sanitize,
  async () => {
    const table = new ProofTable();
    const name = crypto.randomUUID();
    const stop = shareProofs(name, table);
    const guests = [await connected(name), await connected(name)];
    assertEquals(await guests[0]!.put(proof), undefined);
    assertEquals([table.find("http-01", "t"), table.size], [[proof], 1]);
    guests[1]!.remove(proof);
    let stopped = false;
    const stopping = stop().then(() => stopped = true);
    await guests[0]!.close();
    assertEquals([table.size, stopped], [0, false]);
    await guests[1]!.close();
    await stopping;
  },
);

Deno.test("where nobody is there any more that shows it, a proof is a failure that says what to do", async () => {
  const name = crypto.randomUUID();
  const listening = new BroadcastChannel(name);
  listening.onmessage = ({ data: { id } }) => listening.postMessage({ kind: "ack", id });
  const remote = await connected(name);
  assertEquals(await remote.put(proof), undefined);
  listening.close();
  const failure = await remote.put(proof);
  assertEquals(failure?.class, "client");
  assertStringIncludes(failure!.message, `(${name}) gives no sign; run with workers: 1`);
  await remote.close();
});
