import { catalogue } from "../../src/flows/catalogue.ts";
import { loadPlan } from "../../src/plan/load_plan.ts";
import { assert, assertEquals } from "../assert.ts";

const HEAD = `name: sequences
target: { base_url: "https://server.test" }
scenarios:
  jobs:
    flow: sequence
    rate: 5/s
    duration: 1m
    with:
`;

/** A plan with these lines under `with`. */
function loaded(options: string, thresholds = "[]"): ReturnType<typeof loadPlan> {
  const lines = options.trim().split("\n").map((line) => `      ${line}\n`).join("");
  const text = HEAD.replace("duration: 1m", `duration: 1m\n    thresholds: ${thresholds}`) + lines;
  return loadPlan({
    text,
    source: "plan.yaml",
    env: {},
    catalogue,
    readFile: () => {
      throw new Error("no file");
    },
  });
}

/** What each is about in the plan's text, and its words. */
function problems(options: string): string[] {
  const result = loaded(options);
  assert(!result.ok, "nothing is wrong with it");
  const lines = options.trim().split("\n");
  return result.problems.map(({ line = 0, column = 0, length = 1, message, hint }) => {
    const from = column - 1 - "      ".length;
    const about = lines[line - HEAD.split("\n").length - 1]?.slice(from, from + length);
    const said = message.replace(/: got .*/, "");
    return `${about} | ${said}${hint === undefined ? "" : ` (${hint})`}`;
  });
}

Deno.test("a sequence with nothing wrong is a plan without warnings", () => {
  const result = loaded(
    `
setup:
  - { name: log_in, method: POST, path: /login, capture: { token: { json: /token } } }
steps:
  - { name: start, method: POST, path: /jobs, headers: { Authorization: "Bearer {token}" }, capture: { job: { header: location } } }
  - { name: job, path: "{job}", wait_until: { json: { status: done }, interval: 1s, max_interval: 5s, timeout: 1m } }
teardown:
  - { name: log_out, method: DELETE, path: "/session/{token}" }
`,
    '["job p95 < 30s", "poll p95 < 1s", "polls count < 1000", "start error_rate < 1%"]',
  );
  assert(result.ok, JSON.stringify(result));
  assertEquals(result.warnings, []);
  assertEquals(result.plan.scenarios[0]?.steps, ["start", "job"]);
  assertEquals(result.plan.scenarios[0]?.changes, "unknown");
  assertEquals(result.plan.scenarios[0]?.makes, "log_in");
});

Deno.test("a name in braces that nothing is behind is a problem at its place", () => {
  const nothing = (name: string): string =>
    `has \`{${name}}\`, which is no placeholder and which no step captures ` +
    `(to send braces, write \`{ ${name} }\`, in addresses %7B${name}%7D)`;
  assertEquals(
    problems(`
steps:
  - { name: start, path: /start, capture: { job: { json: /id } } }
  - name: get
    path: /jobs/{jbo}
    headers: { X-Run: "{runn}" }
    body: { deep: ["{nothing}"], "{other}": 1 }`),
    [
      `/jobs/{jbo} | \`path\` ${nothing("jbo")} (did you mean \`{job}\`?)`,
      `"{runn}" | \`X-Run\` ${nothing("runn")} (did you mean \`{run}\`?)`,
      `"{nothing}" | \`deep.0\` ${nothing("nothing")}`,
      `1 | \`{other}\` ${nothing("other")}`,
    ],
  );
});

Deno.test("a value that is used before it is captured is a problem, also in its own step", () => {
  assertEquals(
    problems(`
steps:
  - { name: one, path: "/{a}", capture: { a: { json: /a } } }
  - { name: two, path: "/{b}" }
  - { name: three, path: /x, capture: { b: { json: /b } } }`),
    [
      '"/{a}" | `path` has `{a}` before it is captured, in step one',
      '"/{b}" | `path` has `{b}` before it is captured, in step three',
    ],
  );
});

Deno.test("setup and teardown have nothing of an arrival", () => {
  assertEquals(
    problems(`
setup:
  - { name: make, path: "/{index}" }
steps:
  - { name: get, path: /x, capture: { a: { json: /a } } }
teardown:
  - { name: bye, path: "/{a}/{user}" }`),
    [
      '"/{index}" | `path` has `{index}`, which is an arrival\'s, and setup is made once',
      '"/{a}/{user}" | `path` has `{a}`, which each arrival captures for itself (step get), and ' +
      "teardown is made once",
      '"/{a}/{user}" | `path` has `{user}`, which is an arrival\'s, and teardown is made once',
    ],
  );
});

Deno.test("steps have names of their own that thresholds can have, and values too", () => {
  assertEquals(
    problems(`
steps:
  - { name: a, path: /x, capture: { v: { json: "" }, id: { json: "" } } }
  - { name: a, path: /x, capture: { v: { json: "" } } }
  - { name: connect, path: /x }
  - { name: poll, path: /x }
  - { name: a b, path: /x, capture: { 1st: { json: "" } } }`),
    [
      "id | `id` is a placeholder already: call the value otherwise",
      "a | `name` is the name of steps.0 already: steps differ in their names",
      "v | `v` is captured in step a already: values differ in name",
      "connect | `name` is a word of thresholds: call the step something else",
      "poll | `name` is a word of thresholds: call the step something else",
      "a b | `name` must begin with a letter and have letters, digits, _ and - alone, at most 64",
      '1st | "1st" must begin with a letter and have letters, digits and _ alone',
    ],
  );
});

Deno.test("what captures nothing is a problem: no pointer, no pattern, none or two of them", () => {
  const pointer =
    "`json` must be a JSON pointer (RFC 6901): empty, or beginning with / as in /items/0/id";
  const one = "needs `json`, or one or both of `header` and `regex`";
  const pattern = "`regex` must be a regular expression in RE2's syntax";
  assertEquals(
    problems(`
steps:
  - name: a
    path: /x
    capture:
      a: { json: data.0.id }
      b: { json: $.data }
      c: { json: /a~2 }
      d: { regex: "(" }
      e: { regex: no group }
      f: { regex: (a)\\1 }
      g: {}
      h: { json: "", header: etag }
      i: { header: a b }`),
    [
      `data.0.id | ${pointer} (did you mean \`/data/0/id\`?)`,
      `$.data | ${pointer} (did you mean \`/data\`?)`,
      `/a~2 | ${pointer}`,
      `"(" | ${pattern} (missing closing ): \`(\`)`,
      "no group | `regex` must have one group, as in `id=(\\w+)`, (?:...) aside",
      `(a)\\1 | ${pattern} (invalid escape sequence: \`\\1\`)`,
      `{} | \`g\` ${one}`,
      `{ json: "", header: etag } | \`h\` ${one}`,
      "a b | `header` must be a header name",
    ].map((text) => text.replace(", (?:...) aside", ", (?:...) aside: it has 0")),
  );
});

/** What is wrong with a wait of these options. */
function wait(options: string): string[] {
  return problems(`
steps:
  - name: a
    path: /x
    expect: { status: [200, 202] }
    wait_until: { ${options} }`);
}

Deno.test("a wait has a condition, and one that can come and is not there from the beginning", () => {
  const none = "needs a condition: `status` or `json`";
  assertEquals(wait("interval: 1s"), [`{ interval: 1s } | \`wait_until\` ${none}`]);
  assertEquals(wait("json: {}"), [`{ json: {} } | \`wait_until\` ${none}`]);
  assertEquals(wait("status: 200, fail_if: [{}]"), [`[{}] | \`fail_if\` ${none}`]);
  assertEquals(wait("status: 404"), [
    "404 | `status` awaits 404, which `expect.status` does not accept",
  ]);
  assertEquals(wait("status: [202, 200]"), [
    "[202, 200] | `status` holds for every answer that `expect.status` accepts: let that have " +
    "the statuses that come before, too",
  ]);
});

Deno.test("a wait's times fit each other", () => {
  assertEquals(wait("status: 200, interval: 0"), ["0 | `interval` must be more than 0"]);
  assertEquals(wait("status: 200, interval: 2s, max_interval: 1s, timeout: 1.5s"), [
    "1s | `max_interval` must not be less than `interval`",
    "1.5s | `timeout` must not be less than `interval`",
  ]);
});

Deno.test("a path begins with a slash or a captured link, and no answer chooses the server", () => {
  const path = "`path` must start with /, or with a captured value as in {location}";
  assertEquals(
    problems(`
steps:
  - { name: a, path: "{id}/x", capture: { to: { json: "" } } }
  - { name: b, url: "https://{to}/x" }
  - { name: c, url: "https://a.test/{to}" }
  - { name: d, path: x }`),
    [
      `"{id}/x" | ${path}`,
      '"https://{to}/x" | `url` must name its server itself: an answer must not choose where ' +
      "requests go",
      `x | ${path}`,
    ],
  );
});
