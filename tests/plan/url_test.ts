import { catalogue } from "../../src/flows/catalogue.ts";
import { loadPlan } from "../../src/plan/load_plan.ts";
import { httpUrl } from "../../src/plan/url.ts";
import { assert, assertEquals, assertMatch } from "../assert.ts";

const SECRET = "s3cret-pw";
const WITH_USER = `https://user:${SECRET}@ca.test/x`;

/** A plan that is right but for one URL. */
function planWith(place: string, url: string): string {
  const at = (name: string, right: string): string => name === place ? url : right;
  return `
target: { base_url: "${at("base_url", "https://ca.test")}" }
server_metrics: { url: "${at("server_metrics", "/metrics")}" }
scenarios:
  any: { flow: http_request, with: { url: "${
    at("http_request", "https://ca.test/")
  }" }, rate: 1/s, duration: 1s }
  tls: { flow: tls_handshake, with: { url: "${
    at("tls_handshake", "https://ca.test/")
  }" }, rate: 1/s, duration: 1s }
  acme: { flow: acme_unauthenticated, with: { directory: "${
    at("acme_unauthenticated", "/dir")
  }" }, rate: 1/s, duration: 1s }
  enroll: { flow: acme_enroll, with: { directory: "${
    at("acme_enroll", "/dir")
  }" }, rate: 1/s, duration: 1s }
`;
}

const PLACES = [
  "base_url",
  "server_metrics",
  "http_request",
  "tls_handshake",
  "acme_unauthenticated",
  "acme_enroll",
];

function problemsOf(text: string): readonly string[] {
  const readFile = (): string => "";
  const loaded = loadPlan({ text, source: "plan.yaml", env: {}, catalogue, readFile });
  if (loaded.ok) return [];
  return loaded.problems.map((problem) => JSON.stringify(problem));
}

for (const place of PLACES) {
  Deno.test(`a URL with user and password is refused in ${place}, and the password not shown`, () => {
    assertEquals(problemsOf(planWith(place, "https://ca.test")), []);
    const problems = problemsOf(planWith(place, WITH_USER));
    assertEquals(problems.length, 1);
    assertMatch(problems.join(), /without user and password/);
    assert(!problems.join().includes(SECRET), problems.join());
  });
}

Deno.test("httpUrl() takes http and https, or https alone, and nothing with a user", () => {
  const takes = (text: string): boolean[] =>
    [httpUrl(), httpUrl("https")].map((schema) => schema.safeParse(text).success);
  assertEquals(takes("https://ca.test:8443/a?b"), [true, true]);
  assertEquals(takes("http://ca.test/"), [true, false]);
  assertEquals(takes("https://ca.test/a@b"), [true, true]);
  for (const bad of ["ftp://ca.test/", "ca.test", "https://u@ca.test/", "https://:p@ca.test/"]) {
    assertEquals(takes(bad), [false, false], bad);
  }
});

Deno.test("a directory that is a path names no other host", () => {
  for (const path of ["//elsewhere.test/dir", "/\\\\elsewhere.test/dir"]) {
    assertMatch(problemsOf(planWith("acme_enroll", path)).join(), /path on the target/);
  }
});
