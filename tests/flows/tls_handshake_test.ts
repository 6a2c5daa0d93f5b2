import type { Iteration } from "../../src/flows/flow.ts";
import { servesName, tlsHandshake } from "../../src/flows/tls_handshake.ts";
import { judge } from "../../src/http/expectation.ts";
import type { ServerCertificate } from "../../src/http/http.ts";
import { assertEquals, assertMatch } from "../assert.ts";
import { exchangeOf } from "../exchange.ts";

function serving(...sans: string[]): ServerCertificate {
  return { sans } as unknown as ServerCertificate;
}

Deno.test("servesName() takes the name itself in any case, and a wildcard for one label only", () => {
  const peer = serving("*.Example.com", "bare.test", "127.0.0.1");
  const names = [
    "a.example.com",
    "BARE.test",
    "127.0.0.1",
    "example.com",
    "a.b.example.com",
    "other.test",
  ];
  assertEquals(names.map((name) => servesName(peer, name)), [
    true,
    true,
    true,
    false,
    false,
    false,
  ]);
});

const DAY_MS = 86_400_000;
const peer: ServerCertificate = {
  ...serving("a.test", "*.b.test"),
  fingerprintSha256: "ab".repeat(32),
  notAfter: new Date(Date.now() + 10 * DAY_MS).toISOString(),
};

/** What the flow with these expectations says of a server that serves this certificate. */
async function outcomeOf(
  expect: Record<string, unknown>,
  certificate: ServerCertificate | null = peer,
): Promise<string | undefined> {
  const options = tlsHandshake.options.parse({ url: "https://a.test/", expect });
  const context = { options } as Parameters<typeof tlsHandshake.create>[0];
  const flow = await tlsHandshake.create(context);
  const sent: unknown[] = [];
  const step: Iteration["step"] = (step, request, expectation, how) => {
    sent.push([step, request.method, request.url.href, how]);
    const exchange = exchangeOf({ request, ...(certificate && { certificate }) });
    return Promise.resolve({ exchange, failure: judge(exchange, expectation) });
  };
  const failure = await flow.run({ step } as Iteration);
  assertEquals(sent, [["handshake", "GET", "https://a.test/", { fresh: true }]]);
  return failure && `${failure.class}: ${failure.message}`;
}

Deno.test("the certificate that is served has the fingerprint, the name and the days that the plan wants, or the arrival fails", async () => {
  const fingerprint = "AB:".repeat(32).slice(0, -1);
  assertEquals(await outcomeOf({}), undefined);
  assertEquals(await outcomeOf({ fingerprint, name: "x.b.test", min_days_left: 9 }), undefined);
  const other = "cd".repeat(32);
  assertEquals(
    await outcomeOf({ fingerprint: other }),
    `wrong_certificate: expected fingerprint ${other}, served ${"ab".repeat(32)}`,
  );
  assertEquals(
    await outcomeOf({ name: "c.test" }),
    "wrong_certificate: expected a certificate for c.test, served one for a.test, *.b.test",
  );
  assertMatch(
    await outcomeOf({ min_days_left: 11 }) ?? "",
    /^wrong_certificate: expected 11 more days of validity, served one that ends \d{4}-/,
  );
});

Deno.test("a certificate that could not be read fails an arrival that was to check it, and no other", async () => {
  const unread = (expect: Record<string, unknown>) => outcomeOf(expect, null);
  assertEquals(await unread({}), undefined);
  for (const expect of [{ name: "a.test" }, { min_days_left: 0 }]) {
    assertEquals(
      await unread(expect),
      "wrong_certificate: the served certificate could not be read",
    );
  }
});
