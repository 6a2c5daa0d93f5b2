import { parseAllDocuments } from "yaml";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "../assert.ts";
import { testCertificate } from "../servers/certificate.ts";
import { certloadIn, type Printed, withFolder } from "./in_process.ts";

const PLAN = `name: Two a second
target: { base_url: "\${CERTCTL_BASE}", token: "\${CERTCTL_TOKEN:-example-token}", tls: { ca_file: "\${CERTLOAD_CA_FILE:-}" } }
scenarios:
  pings: { flow: http_request, with: { path: /health }, rate: 2/s, duration: 30s }
`;
const ENV = { CERTCTL_BASE: "https://ca.example:8443", CERTCTL_TOKEN: "t0p-s3cret-value" };

async function shards(
  args: readonly string[],
  { plan = PLAN, env = ENV, ca = "" }: {
    plan?: string;
    env?: Record<string, string>;
    ca?: string;
  } = {},
): Promise<Printed> {
  let printed: Printed | undefined;
  await withFolder({ "plan.yaml": plan, "ca.crt": ca }, async (folder) => {
    const given = Object.entries(env).map(([name, value]) => [name, value.replace("{}", folder)]);
    printed = await certloadIn({ env: Object.fromEntries(given) }, folder, "shards", ...args);
  });
  return printed!;
}

const KUBERNETES = ["kubernetes", "{}/plan.yaml", "--count", "8"];

// deno-lint-ignore no-explicit-any -- tests look into it freely
function manifests({ code, out, err }: Printed): any[] {
  assertEquals(code, 0, err);
  return parseAllDocuments(out).map((document) => document.toJS());
}

Deno.test("kubernetes: the Job has the variables of here, and no secret or its default by value", async () => {
  const printed = await shards([...KUBERNETES, "--start-in", "3m", "--only", "pings"]);
  const [configMap, job] = manifests(printed);
  const [{ args, env, image }] = job.spec.template.spec.containers;
  assertEquals([job.spec.completions, args[0], args[2]], [8, "run", "--only=pings"]);
  assertMatch(job.metadata.name, /^certload-two-a-second-\d{8}t\d{6}z$/);
  assertMatch(image, /^certload:\d+\.\d+\.\d+$/);
  assertEquals(env.slice(2), [
    { name: "CERTCTL_BASE", value: "https://ca.example:8443" },
    {
      name: "CERTCTL_TOKEN",
      valueFrom: { secretKeyRef: { name: "certload", key: "CERTCTL_TOKEN" } },
    },
  ]);
  assertStringIncludes(configMap.data["plan.yaml"], 'token: "${CERTCTL_TOKEN}"');
  for (const secret of ["t0p-s3cret-value", "example-token"]) {
    assert(!`${printed.out}${printed.err}`.includes(secret));
  }
});

Deno.test("kubernetes: the instant is made when the manifest is printed, and is in it", async () => {
  const before = Date.now();
  const [, job] = manifests(await shards([...KUBERNETES, "--start-in", "90s"]));
  const [{ args }] = job.spec.template.spec.containers;
  const instant = Date.parse(args.find((arg: string) => arg.startsWith("--start-at=")).slice(11));
  assert(instant >= before + 90_000 && instant <= Date.now() + 91_000, args.join(" "));
  const named = await shards([...KUBERNETES, "--start-at", "2036-11-28T05:00:00+01:00"]);
  assertStringIncludes(named.err, "--start-at is");
});

Deno.test("kubernetes: the CA's certificates go with the plan, and nothing else of its file", async () => {
  const { certPem, keyPem } = await testCertificate();
  const env = { ...ENV, CERTLOAD_CA_FILE: "{}/ca.crt" };
  const printed = await shards(KUBERNETES, { ca: certPem + keyPem, env });
  const [configMap, job] = manifests(printed);
  assertEquals(configMap.data["ca.crt"].trim(), certPem.trim());
  const [container] = job.spec.template.spec.containers;
  assert(container.args.includes("--ca=/plan/ca.crt"));
  const names = container.env.map(({ name }: { name: string }) => name);
  assertEquals(names.slice(2), ["CERTCTL_BASE", "CERTCTL_TOKEN"]);
});

Deno.test("kubernetes: a secret that is only in the cluster need not be here", async () => {
  const plan = PLAN.replace(":-example-token", "");
  const [, job] = manifests(
    await shards(KUBERNETES, { plan, env: { CERTCTL_BASE: "https://ca" } }),
  );
  const { env } = job.spec.template.spec.containers[0];
  assertEquals(env.at(-1).valueFrom.secretKeyRef.key, "CERTCTL_TOKEN");
});

const REFUSED: readonly [why: string, args: readonly string[], said: string, plan?: string][] = [
  [
    "an engine that there is not",
    ["nomad", "{}/plan.yaml"],
    '"nomad" is no engine: kubernetes, ssh, slurm',
  ],
  ["no count", ["kubernetes", "{}/plan.yaml"], "--count N says how many machines"],
  ["a count of none", ["kubernetes", "{}/plan.yaml", "--count", "0"], "--count must be 1 to"],
  [
    "hosts for Kubernetes",
    ["kubernetes", "a,b", "{}/plan.yaml", "--count", "2"],
    "unexpected argument",
  ],
  ["ssh without hosts", ["ssh", "{}/plan.yaml"], "ssh wants HOSTS and PLAN"],
  [
    "a host that is a flag",
    ["ssh", "a,-oProxyCommand=x", "{}/plan.yaml", "--executable", "x"],
    "is no host",
  ],
  [
    "another engine's flag",
    [...KUBERNETES, "--executable", "x"],
    "--executable is for ssh and slurm, not for kubernetes",
  ],
  [
    "two instants",
    [...KUBERNETES, "--start-in", "3m", "--start-at", "2036-01-01T00:00:00Z"],
    "one is enough",
  ],
  ["an instant that is over", [...KUBERNETES, "--start-at", "2026-01-01T00:00:00Z"], "is over"],
  [
    "a start that no machine waits for",
    [...KUBERNETES, "--start-in", "900d"],
    "--start-in must be less than 7 days",
  ],
  ["seven days", [...KUBERNETES, "--start-in", "7d"], "--start-in must be less than 7 days"],
  [
    "an executable that is not there",
    ["ssh", "a,b", "{}/plan.yaml", "--executable", "{}/none"],
    '/none" is no file here, and is to be copied to the hosts',
  ],
  [
    "a folder for an executable",
    ["ssh", "a,b", "{}/plan.yaml", "--executable", "{}"],
    "is no file here",
  ],
  ["a name with a line feed", [...KUBERNETES, "--name", "a\nb"], "--name must be"],
  ["an image with a blank", [...KUBERNETES, "--image", "a b"], "--image must be"],
  [
    "a secret in a flag",
    [...KUBERNETES, "--set", "target.token=abc123def"],
    "a secret on the command line would be printed",
  ],
  ["a token", [...KUBERNETES, "--token", "x"], "unknown flag --token"],
  [
    "a secret in the plan",
    KUBERNETES,
    "target.token (line 2) has a secret in the plan itself",
    PLAN.replace(/\$\{CERTCTL_TOKEN[^}]*\}/, "abc123def"),
  ],
  [
    "servers of each machine's own",
    KUBERNETES,
    "the plan starts servers of its own (stack: embedded)",
    `stack: embedded\n${PLAN}`,
  ],
  [
    "a checkout's executable",
    ["slurm", "{}/plan.yaml", "--count", "2"],
    "this is a checkout: name the executable",
  ],
];

Deno.test("what cannot be is refused with the reason, and nothing is printed", async (t) => {
  for (const [why, args, said, plan] of REFUSED) {
    await t.step(why, async () => {
      const { code, out, err } = await shards(args, plan === undefined ? {} : { plan });
      assertEquals([code, out], [104, ""]);
      assertStringIncludes(err, said);
      assert(!err.includes("abc123def"), err);
    });
  }
});

Deno.test("slurm and ssh name the plan's file, and a shipped plan by its name", async () => {
  const more = ["--executable", "/shared/certload"];
  const slurm = await shards(["slurm", "{}/plan.yaml", "--count", "4", ...more]);
  assertMatch(slurm.out, /\n {2}\/shared\/certload run \/.*\/plan\.yaml\n/);
  const ssh = await shards(["ssh", "a,b", "loadtest", "--executable", "{}/plan.yaml"]);
  assertStringIncludes(ssh.out, "./plan.yaml run loadtest --shard=");
  assertEquals([slurm.out, ssh.out].map((out) => out.includes(ENV.CERTCTL_TOKEN)), [false, false]);
});

Deno.test("ssh reads its hosts from a file too", async () => {
  await withFolder({ hosts: "load-1\nload-2 # the other\n" }, async (folder) => {
    const { out, err } = await certloadIn(
      { env: ENV },
      folder,
      "shards",
      "ssh",
      "{}/hosts",
      "loadtest",
      "--executable",
      "{}/hosts",
    );
    assertStringIncludes(out, "::: load-1 load-2 </dev/null", err);
  });
});
