/** Plans: YAML that is nearly one, and thresholds, durations and rates within it. */
import fc from "fast-check";
import { stringify } from "yaml";
import { catalogue } from "../../src/flows/catalogue.ts";
import { effectiveYaml } from "../../src/plan/effective.ts";
import { type LoadedPlan, loadPlan } from "../../src/plan/load_plan.ts";
import type { LoadProfile } from "../../src/plan/plan.ts";
import { renderProblems } from "../../src/plan/problem.ts";
import { parseThreshold } from "../../src/plan/threshold.ts";
import {
  formatDuration,
  formatPlanRate,
  parseDuration,
  parseRate,
  parseShare,
} from "../../src/plan/units.ts";
import { anyCharacter } from "../any_character.ts";
import { assert, assertEquals } from "../assert.ts";
import { changedJson, textLike } from "./mutate.ts";
import { type AnyTarget, fuzzTarget } from "./target.ts";

const SCENARIOS = new URL("../../scenarios/", import.meta.url);
const shipped = [...Deno.readDirSync(SCENARIOS)].map(({ name }) =>
  Deno.readTextFileSync(new URL(name, SCENARIOS))
);

const WHOLE = {
  name: "x",
  target: {
    base_url: "https://x.test",
    token: "${TOKEN}",
    headers: { "x-a": "b" },
    tls: { insecure_skip_verify: true },
  },
  stack: "none",
  workers: 2,
  warmup: { requests: 5, duration: "1s" },
  graceful_stop: "5s",
  server_metrics: { url: "/metrics" },
  seed: 7,
  defaults: { timeout: "5s", protocol: "h2", arrivals: "even" },
  scenarios: {
    a: {
      flow: "http_request",
      with: {
        path: "/x/{id}",
        method: "POST",
        body: { a: 1 },
        expect: { status: [200, 201], content_type: "application/json", json: { a: 1 } },
      },
      rate: "5/s",
      duration: "5s",
      arrivals: "poisson",
      max_in_flight: 5,
      thresholds: ["p95 < 1s", "request connect p99 <= 5ms", "rate > 4/s"],
    },
    e: {
      flow: "list_certificates",
      stages: [{ duration: "2s", rate: "30/min" }, { duration: "1s", rate: "5/s" }],
      start_rate: "1/s",
      phase_offset: "30%",
    },
    b: {
      flow: "tls_handshake",
      with: { url: "https://y.test/" },
      stages: [{ duration: 0, users: 5 }, { duration: "5s", users: 5 }],
      think_time: "1s",
    },
    s: {
      flow: "sequence",
      with: {
        setup: [{ name: "in", path: "/in", capture: { token: { json: "/token" } } }],
        steps: [
          {
            name: "a",
            path: "/a/{index}",
            headers: { "x-a": "{token}" },
            capture: { b: { regex: "b=(.)" }, c: { header: "etag" } },
          },
          {
            name: "b",
            method: "POST",
            path: "/{b}",
            body: { c: "{c}" },
            wait_until: { json: { a: 1 }, interval: "1s", timeout: "5s", fail_if: { status: 200 } },
          },
        ],
        teardown: [{ name: "out", path: "/out/{token}" }],
      },
      users: 1,
      duration: "1s",
      thresholds: ["b p95 < 1s", "poll p95 < 1s", "polls count < 5"],
    },
    c: { flow: "acme_enroll", with: { directory: "/acme/directory" }, users: 2, duration: "1s" },
  },
  thresholds: ["error_rate < 1%", "count >= 10"],
};

/** What YAML and variables are made of. */
const PIECES = [
  "&a ",
  "*a",
  "<<: *a",
  "!!binary ",
  "!x ",
  "? ",
  "- ",
  ": ",
  "|\n",
  ">-\n",
  "\t",
  "---\n",
  "...\n",
  "%YAML 9.9\n",
  "${A}",
  "${A:-",
  "${A:-${B}}",
  "$${A}",
  "%7Bid%7D",
  "{id}",
  "__proto__: ",
  "constructor: ",
  ".inf",
  "0x1F",
  "2^53",
  "1e400",
  "~",
  "30d",
  "\ufeff",
  "\u202e",
  "\u001b[31m",
];

const planText = fc.oneof(
  textLike(fc.constantFrom(...shipped, stringify(WHOLE)), 300, PIECES),
  changedJson(WHOLE).map((value) => stringify(value)),
  changedJson(WHOLE).map((value) => JSON.stringify(value)),
);

const environment = fc.dictionary(
  fc.constantFrom("A", "B", "TOKEN", "CERTCTL_BASE", "CERTCTL_TOKEN"),
  fc.oneof(fc.string({ unit: anyCharacter, maxLength: 20 }), fc.constantFrom("https://h:1", "30s")),
);

const load = (text: string, env: Record<string, string>): LoadedPlan =>
  loadPlan({
    text,
    source: "plan.yaml",
    env,
    catalogue,
    readFile: () => {
      throw new Error("No such file: ca.pem");
    },
  });

/** Model, kind, and seed or phase. */
function spacingOf(load: LoadProfile): unknown[] {
  if (load.model === "closed") return [load.model];
  return [load.model, load.arrivals, load.arrivals === "poisson" ? load.seed : load.phase];
}

// deno-lint-ignore no-control-regex -- these must not be there
const OBEYED = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]|\p{Cs}/u;

function told(text: string): void {
  assert(!OBEYED.test(text), `it can be obeyed: ${JSON.stringify(text)}`);
}

const thresholdText = textLike(
  fc.constantFrom(
    "p95 < 2s",
    "request connect p(99.9) <= 5ms",
    "error_rate < 0.1%",
    "rate > 4/s",
    "new_nonce p95 < baseline * 1.1",
    "count >= 10",
  ),
  60,
);
const quantityText = textLike(
  fc.constantFrom("1m30s", "1.5h", "0", "100/min", "2 d", "5 %", "0.1/s", "250us", "1e3ms"),
  30,
);

export const planTargets: readonly AnyTarget[] = [
  fuzzTarget({
    kind: "plan",
    name: "a plan is loaded, or refused with its problems, which can be shown",
    input: fc.tuple(planText, environment),
    holds: ([text, env]) => {
      const loaded = load(text, env);
      const problems = loaded.ok ? loaded.warnings : loaded.problems;
      assert(problems.length <= 50);
      for (const { message, line = 1, column = 1 } of problems) {
        assert(message.length < 2000 && line >= 1 && column >= 1);
      }
      told(renderProblems(problems, loaded.ok ? 0 : loaded.more));
      if (loaded.ok) assert(loaded.plan.scenarios.length > 0);
      else assert(loaded.problems.length > 0);
    },
  }),
  fuzzTarget({
    kind: "plan",
    name: "a plan that loads is the same plan when it is written back",
    input: changedJson(WHOLE),
    holds: (value) => {
      const loaded = load(stringify(value), { TOKEN: "" });
      if (!loaded.ok || loaded.plan.secrets.length > 0) return;
      const again = load(effectiveYaml(loaded.plan, catalogue), {});
      assert(again.ok, again.ok ? "" : renderProblems(again.problems));
      assertEquals(
        again.plan.scenarios.map(({ name, steps, load }) => [name, steps, ...spacingOf(load)]),
        loaded.plan.scenarios.map(({ name, steps, load }) => [name, steps, ...spacingOf(load)]),
      );
    },
  }),
  fuzzTarget({
    kind: "plan",
    name: "a threshold is read, or what is wrong lies within it",
    input: thresholdText,
    holds: (text) => {
      const read = parseThreshold(text, ["request", "new_nonce"]);
      if (read.ok) return assertEquals(read.threshold.text, text);
      assert(read.at >= 0 && read.at + read.length <= Math.max(text.length, 1), text);
      assert(read.message.length < 300 + 2 * text.length);
    },
  }),
  fuzzTarget({
    kind: "plan",
    name: "durations, rates and shares are finite, at least 0, and are written as they are read",
    input: quantityText,
    holds: (text) => {
      const [ms, perS, share] = [parseDuration(text), parseRate(text), parseShare(text)];
      for (const value of [ms, perS, share]) {
        assert(value === undefined || value >= 0 && Number.isFinite(value), `${value}`);
      }
      // Written in whole microseconds, which leaves no digit of what is below them.
      if (ms !== undefined && ms < 2 ** 53) {
        const again = parseDuration(formatDuration(ms));
        assert(Math.abs(again! - ms) <= Math.max(0.001, ms * 1e-6), `${ms} is ${again}`);
      }
      if (perS !== undefined && perS > 1e-6) {
        const again = parseRate(formatPlanRate(perS));
        assert(Math.abs(again! - perS) <= perS * 1e-3, `${perS} is ${again}`);
      }
    },
  }),
];
