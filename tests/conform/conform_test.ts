import { isFailure } from "../../src/http/failure.ts";
import type { CaseResult } from "../../src/conform/case.ts";
import { CASES, conform } from "../../src/conform/conform.ts";
import { renderResult, renderTotal } from "../../src/conform/render.ts";
import { Subject } from "../../src/conform/subject.ts";
import { enrollmentOptions } from "../../src/acme/enrollment.ts";
import type { AcmeOptions } from "../../src/lab/acme/options.ts";
import { z } from "zod";
import { assertEquals, assertMatch, assertStringIncludes } from "../assert.ts";
import { freePort, withLab } from "../lab/harness.ts";
import { type FakeOptions, problem, withFakeAcme } from "../acme/fake_acme.ts";
import { contextFor, fetchClient } from "../acme/harness.ts";
import { findPebble, startPebble } from "../acme/pebble.ts";

const schema = z.strictObject(enrollmentOptions);

interface ExamineOptions {
  readonly caCert?: string;
  readonly known?: readonly string[];
  readonly challenge?: Record<string, string>;
}

async function examine(
  directory: string,
  options: ExamineOptions = {},
): Promise<CaseResult[]> {
  const client = fetchClient(options.caCert);
  const { challenge = { type: "http-01", listen: "none" } } = options;
  const poll = { interval: "50ms" };
  const raw = { directory, challenge, poll, accounts: "per_flow", prepare: false };
  const subject = await Subject.open({ ...contextFor(client), options: schema.parse(raw) });
  if (isFailure(subject)) throw new Error(subject.message);
  const known = new Set(options.known);
  const { signal } = new AbortController();
  const results = await conform({ subject, known, onResult: () => {}, signal });
  await subject.close();
  client.close();
  return results;
}

async function examineFake(
  fake: FakeOptions,
  options: ExamineOptions = {},
): Promise<CaseResult[]> {
  let results: CaseResult[] = [];
  await withFakeAcme(fake, async ({ directory }) => {
    results = await examine(directory, options);
  });
  return results;
}

const outcomeOf = (results: readonly CaseResult[], id: string): string | undefined =>
  results.find((result) => result.id === id)?.outcome;

Deno.test("every case has an id of its own and names its section", () => {
  assertEquals(new Set(CASES.map(({ id }) => id)).size, CASES.length);
  for (const { id, section } of CASES) {
    assertMatch(id, /^[a-z0-9-]+$/);
    assertMatch(section, /^(8555|9773) §\d+(\.\d+)*$/);
  }
});

Deno.test("conform() tells what holds from what does not", async () => {
  const results = await examineFake({});
  assertEquals(results.length, CASES.length);
  for (const id of ["nonce-head", "account-new", "nonce-replayed", "key-wrong", "certificate"]) {
    assertEquals(outcomeOf(results, id), "pass", id);
  }
  for (const id of ["nonce-no-store", "order-foreign", "url-wrong", "revoke-again"]) {
    assertEquals(outcomeOf(results, id), "fail", id); // the server of these tests has none of it
  }
  assertEquals(outcomeOf(results, "index-link"), "warn");
  assertEquals(outcomeOf(results, "finalize-pending"), "skip");
});

Deno.test("conform() reports known deviations as such, and only where they deviate", async () => {
  const results = await examineFake({}, { known: ["nonce-no-store", "nonce-head"] });
  assertEquals(outcomeOf(results, "nonce-no-store"), "known");
  assertEquals(outcomeOf(results, "nonce-head"), "pass");
});

Deno.test("conform() asks no more than it can when there is no account", async () => {
  const results = await examineFake({
    script: (path) => path === "/new-account" ? new Response(null, { status: 500 }) : undefined,
  });
  assertEquals(outcomeOf(results, "account-new"), "fail");
  for (const id of ["key-change", "nonce-replayed", "order-new", "certificate", "deactivate"]) {
    assertEquals(outcomeOf(results, id), "skip", id);
  }
});

Deno.test("a result is a line with its section, and its reason under it", () => {
  const passed = { id: "a", section: "8555 §7.2", name: "It does", outcome: "pass" } as const;
  assertEquals(renderResult(passed), "  ✓ 8555 §7.2     It does\n");
  const failed = renderResult({ ...passed, outcome: "fail", reason: "it does not" });
  assertStringIncludes(failed, "✗ 8555 §7.2     It does (a)\n");
  assertStringIncludes(failed, "\n                  it does not\n");
  assertEquals(
    renderTotal([passed, { ...passed, outcome: "known", reason: "x" }]),
    "\n1 passed, 0 failed, 0 recommended and not done (!), 0 not asked (-), 1 known to fail (~)\n",
  );
});

Deno.test("conform() has the cases share an order for as long as it is open", async () => {
  let orders = 0;
  const script = (path: string): undefined => void (orders += Number(path === "/new-order"));
  const results = await examineFake({ script });
  // Besides the shared order and the two that end in a certificate: one for an identifier of an unknown type, and one
  // after each finalize and each revocation that this server wrongly takes.
  const finalized = ["finalize-foreign", "csr-names", "csr-names-bad-csr", "csr-account-key"];
  const taken = [...finalized, "revoke-foreign", "revoke-reason"];
  for (const id of taken) assertMatch(outcomeOf(results, id)!, /^(fail|warn)$/);
  assertEquals(orders, 4 + taken.length);
});

/** All cases asked of the lab's profile, with a responder where the lab looks. */
async function examineLab(profile: string, acme: AcmeOptions = {}): Promise<CaseResult[]> {
  const port = await freePort();
  let results: CaseResult[] = [];
  await withLab({ acme: { ...acme, http01Port: port } }, async ({ lab: { addresses } }) => {
    const { caPem: caCert, acme: directories } = addresses;
    const challenge = { type: "http-01", listen: `127.0.0.1:${port}` };
    results = await examine(directories[profile]!, { caCert, challenge });
  });
  assertEquals(results.length, CASES.length);
  return results;
}

const reasonsOf = (results: readonly CaseResult[]): (string | undefined)[] =>
  results.filter(({ outcome }) => outcome !== "pass").map(({ reason }) => reason);

Deno.test("the lab conforms in both profiles, within the limits that certctl has by default", async () => {
  assertEquals(reasonsOf(await examineLab("prof-test")), ["the server's orders begin as ready"]);
  assertEquals(reasonsOf(await examineLab("prof-challenge")), []);
});

Deno.test("conform() takes a new account where the server has had enough orders of one", async () => {
  const limits = { concurrentOrders: 1, ordersPerHour: 1 };
  assertEquals(reasonsOf(await examineLab("prof-challenge", limits)), []);
});

Deno.test("the lab as shipped deviates where certctl does, and its limits stand in no case's way", async () => {
  const results = await examineLab("prof-test", { asShipped: true });
  const failed = results.filter(({ outcome }) => outcome === "fail").map(({ id }) => id);
  assertEquals(failed, ["nonce-retry", "content-type", "certificate"]);
  for (const reason of reasonsOf(results)) assertEquals(reason?.includes("rateLimited"), false);
});

Deno.test("conform() fails, and goes on, where an order has URLs that are none", async () => {
  const order = { status: "ready", authorizations: ["authz/1"], finalize: "finalize/1" };
  const headers = { location: "order/1" };
  const results = await examineFake({
    script: (path) =>
      path === "/new-order" ? Response.json(order, { status: 201, headers }) : undefined,
  });
  assertEquals(results.length, CASES.length);
  for (const id of ["order-new", "authz-read", "finalize-foreign", "certificate"]) {
    assertEquals(outcomeOf(results, id), "fail", id);
  }
});

Deno.test("conform() blames no case for the certificate that an earlier one had revoked", async () => {
  const revoked = new Set<unknown>();
  const results = await examineFake({
    script: (path, { payload }) => {
      if (path !== "/revoke-cert") return undefined;
      if (revoked.has(payload!.certificate)) return problem(400, "alreadyRevoked");
      revoked.add(payload!.certificate);
      return undefined;
    },
  });
  // This server revokes for anyone and for any reason.
  assertEquals(outcomeOf(results, "revoke-foreign"), "fail");
  assertEquals(outcomeOf(results, "revoke-reason"), "warn");
  for (const id of ["revoke-account", "revoke-again", "revoke-key"]) {
    assertEquals(outcomeOf(results, id), "pass", id);
  }
});

Deno.test("conform() fails for the certificate that was not to be had for want of a challenge", async () => {
  const challenge = { type: "dns-01", listen: "none" };
  const results = await examineFake({ born: "pending" }, { challenge });
  const { outcome, reason } = results.find(({ id }) => id === "certificate")!;
  assertEquals(outcome, "fail");
  assertStringIncludes(reason!, "The server offers no dns-01 challenge");
  assertEquals(outcomeOf(results, "csr-names"), "skip");
});

/** What Pebble 2.10 leaves out; docs/acme.md has the list with reasons. */
const PEBBLE_LEAVES_OUT = [
  "alg-list",
  "deactivated-refused",
  "key-change-in-use",
  "nonce-no-store",
  "url-wrong",
];

const pebble = findPebble();
Deno.test({
  name: "Pebble conforms, but for what it is known to leave out" +
    (pebble === undefined ? " (skipped: pebble is not installed)" : ""),
  ignore: pebble === undefined,
  fn: async () => {
    const { directory, caCert, stop } = await startPebble(pebble!, {
      env: { PEBBLE_VA_ALWAYS_VALID: "1", PEBBLE_AUTHZREUSE: "0" },
    });
    try {
      const results = await examine(directory, { caCert });
      const failed = results.filter(({ outcome }) => outcome === "fail");
      assertEquals(failed.map(({ id }) => id).sort(), PEBBLE_LEAVES_OUT);
      assertEquals(results.filter(({ outcome }) => outcome === "skip"), []);
    } finally {
      await stop();
    }
  },
});

const resultOf = (results: readonly CaseResult[], id: string): [string?, string?] => {
  const found = results.find((result) => result.id === id);
  return [found?.outcome, found?.reason];
};

Deno.test("a nonce of HEAD new-nonce that is none, or no base64url, fails its case with what was seen", async () => {
  for (const [value, told] of [["not base64url!", '"not base64url!"'], [undefined, "undefined"]]) {
    let asked = 0;
    const bend = (path: string, right: Response): Response => {
      if (path !== "/new-nonce" || asked++ > 0) return right;
      right.headers.set("x-no-nonce", "");
      if (value !== undefined) right.headers.set("replay-nonce", value);
      return right;
    };
    const results = await examineFake({ bend });
    assertEquals(resultOf(results, "nonce-head"), ["fail", `Replay-Nonce is ${told}`]);
  }
});

Deno.test("a badNonce without a nonce for the retry fails its case, and says that it is missing", async () => {
  const bend = (_: string, right: Response): Response => {
    if (right.status === 400) right.headers.set("x-no-nonce", "");
    return right;
  };
  const results = await examineFake({ bend });
  const [outcome, reason] = resultOf(results, "nonce-retry");
  assertEquals([outcome, reason], ["fail", "the badNonce answer has no Replay-Nonce"]);
});

Deno.test("a server without renewal information is not asked for any", async () => {
  const results = await examineFake({ directory: () => ({ renewalInfo: undefined }) });
  for (const id of ["renewal-info", "renewal-info-retry-after", "renewal-info-unknown"]) {
    const [outcome, reason] = resultOf(results, id);
    assertEquals(outcome, "skip");
    assertMatch(reason!, /renewalInfo|renewal information/);
  }
});

Deno.test("a server without key changes fails the cases about them, with what its directory lacks", async () => {
  const results = await examineFake({ directory: () => ({ keyChange: undefined }) });
  for (const id of ["key-change", "key-change-in-use", "key-change-inner-url"]) {
    const [outcome, reason] = resultOf(results, id);
    assertEquals(outcome, "fail", id);
    assertMatch(reason!, /keyChange/);
  }
});

Deno.test("a case that an interrupt met is not told, whatever it seemed to be", async () => {
  const interrupt = new AbortController();
  const told: string[] = [];
  const script = (path: string): Response | undefined => {
    if (path !== "/new-order") return undefined;
    interrupt.abort();
    return problem(500, "serverInternal");
  };
  await withFakeAcme({ script }, async ({ directory }) => {
    const client = fetchClient();
    const options = schema.parse({
      directory,
      challenge: { type: "http-01", listen: "none" },
      poll: { interval: "50ms" },
      accounts: "per_flow",
      prepare: false,
    });
    const subject = await Subject.open({ ...contextFor(client), options });
    if (isFailure(subject)) throw new Error(subject.message);
    const results = await conform({
      subject,
      known: new Set(),
      onResult: ({ id }) => void told.push(id),
      signal: interrupt.signal,
    });
    assertEquals(results.map(({ id }) => id), told);
    await subject.close();
    client.close();
  });
  assertEquals([told.includes("payload-no-json"), told.includes("order-new")], [true, false]);
});
