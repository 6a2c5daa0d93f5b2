/** Signed ACME as a user meets it: certctl's finalize as it ships, and what a user gets wrong. */
import type { AcmeOptions } from "../../src/lab/acme/options.ts";
import { type Lab, startLab } from "../../src/lab/lab.ts";
import { assert, assertEquals, assertFalse, assertMatch, assertStringIncludes } from "../assert.ts";
import { withFakeAcme } from "../acme/fake_acme.ts";
import { type Finished, withProgram } from "./program.ts";

const HMAC_KEY = "YS1zZWNyZXQtb2YtdGhlLXRlc3Q";

/** One scenario of enrollments; `options` are more of the flow's, in YAML. */
function plan(directory: string, options = ""): string {
  return `name: acme
target: { base_url: "https://127.0.0.1:1", tls: { ca_file: ca.pem } }
warmup: off
scenarios:
  one:
    flow: acme_enroll
    with: { directory: "${directory}", accounts: 1${options} }
    rate: 10/s
    duration: 1s
    probe: true
thresholds: [error_rate < 1%]
`;
}

async function withLab(acme: AcmeOptions, use: (lab: Lab) => Promise<void>): Promise<void> {
  const lab = await startLab({ acme });
  try {
    await use(lab);
  } finally {
    await lab.close();
  }
}

/** Nothing was sent as load, and what is told is in one line and has no stack trace. */
function requireNotReady(
  { code, stdout, stderr, summary }: Finished,
  told: readonly string[],
): void {
  assertEquals([code, summary], [94, undefined], stdout + stderr);
  const line = stderr.split("\n").find((each) => each.includes("failed:")) ?? "";
  for (const each of told) assertStringIncludes(line, each);
  assertFalse(/\n\s+at /.test(stdout + stderr), "there is a stack trace");
  assertFalse((stdout + stderr).includes(HMAC_KEY), "the HMAC key is in the output");
}

Deno.test("certctl's finalize as it ships ends the probe with 94, its step and its problem", async () => {
  await withLab({ asShipped: true }, async ({ addresses }) => {
    const directory = addresses.acme["prof-test"]!;
    const files = { "plan.yaml": plan(directory), "ca.pem": addresses.caPem };
    await withProgram(["run", "plan.yaml"], { files }, (finished) => {
      requireNotReady(finished, ["/finalize", "500 urn:ietf:params:acme:error:serverInternal"]);
      assertStringIncludes(finished.stderr, "✗ one, step finalize");
    });
  });
});

Deno.test("with --no-probe it is that step's failure, and the steps before it have their numbers", async () => {
  await withLab({ asShipped: true, concurrentOrders: 0 }, async ({ addresses }) => {
    const directory = addresses.acme["prof-test"]!;
    const files = { "plan.yaml": plan(directory), "ca.pem": addresses.caPem };
    const args = ["run", "plan.yaml", "--no-probe"];
    await withProgram(args, { files }, ({ code, summary, stdout, stderr }) => {
      // 95 on a host so busy that the generator was late.
      assert(code === 99 || code === 95, stdout + stderr);
      const { one } = summary.phases.acme;
      assertEquals([one.count, one.failed], [10, 10]);
      const { new_order: order, finalize, certificate } = one.steps;
      assertEquals([order.count, order.failed], [10, 0]);
      assertEquals([finalize.count, finalize.failed], [10, 10]);
      assertEquals(certificate.count, 0);
    });
  });
});

interface Case {
  readonly name: string;
  readonly acme?: AcmeOptions;
  /** In place of the profile that trusts. */
  readonly directory?: (lab: Lab) => string;
  readonly options?: string;
  readonly told: readonly string[];
}

const EAB = { eabRequired: true, eabKeys: { ours: HMAC_KEY } };

const CASES: readonly Case[] = [
  {
    name: "a directory that is none",
    directory: ({ addresses }) => `${addresses.api}/api/v1/version`,
    told: ["There is no ACME directory at https://", "no newNonce", "Check the URL"],
  },
  {
    name: "a profile that the server has not",
    directory: ({ addresses }) => `${addresses.api}/acme/profile/prof-x/directory`,
    told: ["/acme/profile/prof-x/directory", "profile not found", "with a profile that exists"],
  },
  {
    name: "a certificate profile that the directory does not name",
    options: ", profile: short",
    told: ['no profile "short"', "no profiles at all", "order one that it has, or none"],
  },
  {
    name: "terms that are refused",
    acme: { termsOfService: "https://ca.test/terms" },
    options: ", agree_to_terms: false",
    told: ["https://ca.test/terms", "set agree_to_terms: true"],
  },
  {
    name: "an external account binding that is wanted and not given",
    acme: EAB,
    told: ["requires external account binding", "set eab: { kid, hmac_key }"],
  },
  {
    name: "an external account binding that the server does not know",
    acme: EAB,
    options: `, eab: { kid: theirs, hmac_key: ${HMAC_KEY} }`,
    told: ["401", 'bound to "theirs": are eab.kid and eab.hmac_key the server\'s?'],
  },
];

for (const { name, acme = {}, directory, options, told } of CASES) {
  Deno.test(`${name}: what it is and what to do, exit 94`, async () => {
    await withLab(acme, async (lab) => {
      const url = directory?.(lab) ?? lab.addresses.acme["prof-test"]!;
      const files = { "plan.yaml": plan(url, options), "ca.pem": lab.addresses.caPem };
      await withProgram(["run", "plan.yaml"], { files }, (finished) => {
        requireNotReady(finished, told);
      });
    });
  });
}

Deno.test("a challenge address in use: which, and what to do, exit 94", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const address = `127.0.0.1:${listener.addr.port}`;
  await withLab({}, async ({ addresses }) => {
    const options = `, challenge: { type: http-01, listen: "${address}" }`;
    const url = addresses.acme["prof-challenge"]!;
    const files = { "plan.yaml": plan(url, options), "ca.pem": addresses.caPem };
    await withProgram(["run", "plan.yaml"], { files }, (finished) => {
      requireNotReady(finished, [`Cannot listen on ${address} for http-01`, "choose another"]);
    });
  });
  listener.close();
});

Deno.test("a certificate that cannot be read is the failure of its step, with what was seen", async () => {
  const pem = "-----BEGIN CERTIFICATE-----\nTm9uZQ==\n-----END CERTIFICATE-----\n";
  const headers = { "content-type": "application/pem-certificate-chain" };
  const script = (path: string): Response | undefined =>
    path.startsWith("/certificate") ? new Response(pem, { headers }) : undefined;
  await withFakeAcme({ script }, async ({ directory }) => {
    const text = plan(directory).replace(", tls: { ca_file: ca.pem }", "");
    const files = { "plan.yaml": text };
    await withProgram(["run", "plan.yaml"], { files }, (finished) => {
      requireNotReady(finished, ['no X.509 in DER: base64 "Tm9uZQ=="']);
      assertStringIncludes(finished.stderr, "✗ one, step certificate");
    });
    await withProgram(["run", "plan.yaml", "--no-probe"], { files }, ({ summary }) => {
      const [failure] = summary.phases.acme.one.steps.certificate.failures;
      assertEquals([failure.class, failure.count], ["unexpected_body", 10]);
      assertMatch(failure.sample, /The certificate chain cannot be read/);
    });
  });
});
