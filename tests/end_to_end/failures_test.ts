import type { AnswerFault } from "../../src/lab/faults.ts";
import { startLab } from "../../src/lab/lab.ts";
import type { FailureClass } from "../../src/http/failure.ts";
import { assert, assertEquals } from "../assert.ts";
import { withProgram } from "./program.ts";

const CLASSES: readonly [AnswerFault, FailureClass][] = [
  ["status", "status_5xx"],
  ["limited", "rate_limited"],
  ["html", "unexpected_body"],
  ["garbage", "protocol"],
  ["half", "closed"],
  ["huge", "too_large"],
  ["close", "closed"],
  ["silence", "timeout"],
];

Deno.test("whatever a server does wrong is a classified failure, and the run goes on", async () => {
  const lab = await startLab();
  try {
    const scenario = ([answer]: readonly [AnswerFault, FailureClass]): string =>
      `  ${answer}: { flow: http_request, with: { path: /api/v1/auth/${answer}, expect: { content_type: application/json } }, rate: 10/s, duration: 1s, timeout: ${
        answer === "silence" ? "2s" : "20s"
      } }\n`;
    const text = `name: failures
target: { base_url: "${lab.addresses.api}", token: load-test-token, tls: { ca_file: ca.pem } }
scenarios:
  healthy: { flow: list_certificates, rate: 50/s, duration: 2s }
${CLASSES.map(scenario).join("")}thresholds: [error_rate < 1%]
`;
    await lab.setFaults({
      rules: CLASSES.map(([answer]) => ({ prefix: `/api/v1/auth/${answer}`, answer })),
    });
    const files = { "plan.yaml": text, "ca.pem": lab.addresses.caPem };
    const args = ["run", "plan.yaml", "--no-probe"];
    await withProgram(args, { files }, ({ code, summary, stdout, stderr }) => {
      // 95 on a host so busy that the generator was late: the classes are what this is about.
      assert(code === 99 || code === 95, stdout + stderr);
      const { healthy, ...broken } = summary.phases.api;
      assertEquals([healthy.count, healthy.failed], [100, 0]);
      for (const [answer, expected] of CLASSES) {
        const { count, failed, failures } = broken[answer];
        assertEquals([count, failed], [10, 10], answer);
        assertEquals(failures.map((each: { class: string }) => each.class), [expected], answer);
        assert(failures[0].sample.length > 10, `${answer} has a sample message`);
      }
      assert(summary.totals.error_rate > 0.4);
    });
  } finally {
    await lab.close();
  }
});

Deno.test("a target that serves another certificate than the plan expects is a failure of its own class", async () => {
  const lab = await startLab();
  try {
    const url = lab.addresses.targets.nginx;
    const text = `name: wrong certificate
target: { base_url: "${lab.addresses.api}", tls: { insecure_skip_verify: true } }
scenarios:
  by_fingerprint:
    flow: tls_handshake
    with: { target_type: nginx, url: "${url}", expect: { fingerprint: "${"ab".repeat(32)}" } }
    rate: 10/s
    duration: 1s
  by_name:
    flow: tls_handshake
    with: { target_type: nginx, url: "${url}", expect: { name: elsewhere.example } }
    rate: 10/s
    duration: 1s
`;
    const files = { "plan.yaml": text };
    await withProgram(["run", "plan.yaml", "--no-probe"], { files }, ({ summary, stderr }) => {
      for (const name of ["by_fingerprint", "by_name"]) {
        const scenario = summary?.phases.connector[name];
        assertEquals(scenario?.failures[0]?.class, "wrong_certificate", stderr);
        assertEquals(scenario.failed, 10);
      }
    });
  } finally {
    await lab.close();
  }
});
