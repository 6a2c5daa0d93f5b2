import type { Faults } from "../../src/lab/faults.ts";
import { type Lab, type LabOptions, startLab } from "../../src/lab/lab.ts";
import { assertEquals, assertFalse, assertStringIncludes } from "../assert.ts";
import { freePort } from "../servers/daemon.ts";
import { type Finished, withProgram } from "./program.ts";

const TOKEN = "a-secret-token-of-the-test";

/** One scenario of the flow against the lab, whose CA is trusted unless the test says otherwise. */
function plan(lab: Lab, flow: string, tls = "tls: { ca_file: ca.pem }"): string {
  return `name: readiness
target: { base_url: "${lab.addresses.api}", token: ${TOKEN}, ${tls} }
scenarios:
  one: { ${flow}, rate: 10/s, duration: 1s, probe: true }
`;
}

async function withLab(options: LabOptions, use: (lab: Lab) => Promise<void>): Promise<void> {
  const lab = await startLab({ token: TOKEN, ...options });
  try {
    await use(lab);
  } finally {
    await lab.close();
  }
}

interface Case {
  readonly name: string;
  readonly flow?: string;
  readonly options?: LabOptions;
  readonly faults?: Faults;
  readonly tls?: string;
  readonly change?: (text: string) => string;
  /** All in what is printed. */
  readonly told: readonly string[];
}

const LIST = "flow: list_certificates";
const CREATE = "flow: create_certificate";

function acme(directory: string): string {
  return `flow: acme_unauthenticated, with: { directory: "${directory}" }`;
}

const CASES: readonly Case[] = [
  {
    name: "a refused token names --token",
    options: { token: "another" },
    told: ["401", "--token"],
  },
  {
    name: "a certificate that is not trusted names --ca and --insecure",
    tls: "tls: {}",
    told: ["tls_verify", "--ca", "--insecure"],
  },
  {
    name: "500 on create names the demo rows",
    flow: CREATE,
    options: { demo: false },
    told: ["500", "CERTCTL_DEMO_SEED=true"],
  },
  {
    name: "429 names the limiter's variable",
    faults: { rules: [{ answer: "limited" }] },
    told: ["429", "CERTCTL_RATE_LIMIT_ENABLED=false"],
  },
  {
    name: "HTML from /acme names the dashboard",
    flow: acme("/acme/profile/prof-test/directory"),
    faults: { rules: [{ prefix: "/acme", answer: "html" }] },
    told: ["text/html", "dashboard"],
  },
  {
    name: "an unknown ACME profile is named",
    flow: acme("/acme/profile/prof-nowhere/directory"),
    told: ["prof-nowhere", "does not exist"],
  },
  {
    name: "a host name that is not known is told as such",
    change: (text) => text.replace("127.0.0.1", "no-such-host.invalid"),
    told: ["dns", "not known"],
  },
  {
    name: "a refused connection asks whether the server runs",
    change: (text) => text.replace(/127\.0\.0\.1:\d+/, `127.0.0.1:${freePort()}`),
    told: ["connect_refused", "is the server running"],
  },
  {
    name: "garbage is told as not being HTTP",
    faults: { rules: [{ answer: "garbage" }] },
    told: ["protocol", "is not HTTP/1"],
  },
];

for (const { name, flow = LIST, options = {}, faults, tls, change, told } of CASES) {
  Deno.test(`not ready: ${name}; no load is sent, exit 94`, async () => {
    await withLab({ ...options, ...(faults && { faults }) }, async (lab) => {
      const text = plan(lab, flow, tls);
      const files = { "plan.yaml": change?.(text) ?? text, "ca.pem": lab.addresses.caPem };
      const check = ({ code, stdout, stderr, summary }: Finished): void => {
        assertEquals([code, summary], [94, undefined], stdout + stderr);
        for (const each of told) assertStringIncludes(stderr, each);
        assertFalse((stdout + stderr).includes(TOKEN), "the token is in the output");
      };
      await withProgram(["run", "plan.yaml"], { files }, check);
      const seen = Object.values(lab.counts()).reduce((sum, { requests }) => sum + requests, 0);
      assertEquals(seen <= 3, true, `${seen} requests reached the lab`);
    });
  });
}

Deno.test("doctor finds a healthy server healthy, sends one request of each scenario, exit 0", async () => {
  await withLab({}, async (lab) => {
    const files = { "plan.yaml": plan(lab, LIST), "ca.pem": lab.addresses.caPem };
    await withProgram(["doctor", "plan.yaml"], { files }, ({ code, stdout, stderr }) => {
      assertEquals(code, 0, stderr);
      assertStringIncludes(stdout, "✓ one: list 200");
    });
    assertEquals(lab.counts().api.requests, 1);
  });
});
