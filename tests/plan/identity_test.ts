import { assertEquals, assertNotEquals } from "../assert.ts";
import { planOf } from "./catalogue.ts";

const PLAN = `target: { base_url: "\${B:-https://a}", token: "\${T:-t}" }
scenarios:
  list: { flow: list_certificates, rate: 50/s, duration: 5m, thresholds: [p95 < 1s] }
  shake:
    flow: tls_handshake
    with: { url: "\${N:-https://localhost:1}/healthz" }
    users: 3
    duration: 1m
`;

function hash(text: string, env: Record<string, string> = {}): string {
  return planOf(text, { env }).identity.sha256;
}

Deno.test("a plan's identity is a SHA-256 in hexadecimal", () => {
  assertEquals(/^[0-9a-f]{64}$/.test(hash(PLAN)), true);
});

Deno.test("a plan's identity is that of earlier versions: their summaries stay comparable", () => {
  const plan = `target: { base_url: "https://a", token: "t" }
scenarios:
  list: { flow: list_certificates, rate: 50/s, duration: 5m }
`;
  assertEquals(hash(plan), "f20029a1ab477fd3220c169a6dcc44544378b2bcb5e92e28b2a11693122ff840");
});

Deno.test("a plan is the same wherever its servers are, and whatever the token", () => {
  assertEquals(hash(PLAN, { B: "https://b:9", T: "other", N: "https://n" }), hash(PLAN));
});

Deno.test("a plan is the same however it is written", () => {
  const written = PLAN.replace("rate: 50/s, duration: 5m", "duration: 300s, rate: 3000/min")
    .replace("users: 3\n    duration: 1m", "duration: 1m\n    users: 3 # three");
  assertEquals(hash(written), hash(PLAN));
});

Deno.test("another load, option or threshold makes another plan", () => {
  for (
    const [from, to] of [
      ["50/s", "51/s"],
      ["/healthz", "/"],
      ["p95 < 1s", "p95 < 2s"],
      ["flow: list_certificates,", "flow: list_certificates, with: { per_page: 10 },"],
      ["list:", "listing:"],
    ] as const
  ) {
    assertNotEquals(hash(PLAN.replace(from, to)), hash(PLAN), to);
  }
});
