/**
 * The printed Job on a real cluster, by the commands that are printed with it. It wants a cluster (`KUBECONFIG`) with a node
 * that is this host and an image of the executable that the node has (`CERTLOAD_TEST_IMAGE`).
 */
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { parseAllDocuments } from "yaml";
import { assert, assertEquals, assertStringIncludes } from "../assert.ts";
import { certloadIn } from "../cli/in_process.ts";
import { findProgram } from "../programs.ts";
import { run, type Said, until } from "./process.ts";
import { assertWhole, countingServer, PLAN, TOKEN, writeExecutable } from "./shared_plan.ts";

const IMAGE = Deno.env.get("CERTLOAD_TEST_IMAGE");
const MACHINES = 8;
const START_IN = "60s";

function whyNot(): string | undefined {
  if (!IMAGE) return "CERTLOAD_TEST_IMAGE, of a cluster that KUBECONFIG names, is not set";
  return findProgram("kubectl") === undefined ? "kubectl is not installed" : undefined;
}

function testOnCluster(name: string, fn: (cluster: Cluster) => Promise<void>): void {
  const why = whyNot();
  const reason = why === undefined ? "" : ` (skipped: ${why})`;
  Deno.test({
    name: `${name}${reason}`,
    ignore: why !== undefined,
    fn: async () => {
      await using cluster = await openCluster();
      await fn(cluster);
    },
  });
}

interface Cluster extends AsyncDisposable {
  readonly folder: string;
  readonly namespace: string;
  /** Throws what it complains of. */
  kubectl(...args: string[]): Promise<string>;
  /** One of the commands that are printed with a manifest, as it is. */
  asPrinted(manifest: string, what: string): Promise<Said>;
}

/** A namespace and a folder for one test. */
async function openCluster(): Promise<Cluster> {
  const folder = await Deno.makeTempDir({ prefix: "certload-kubernetes-" });
  const namespace = `certload-test-${crypto.randomUUID().slice(0, 8)}`;
  await writeExecutable(join(folder, "certload"));
  const PATH = `${folder}:${Deno.env.get("PATH")}`;
  const kubectl = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await run([findProgram("kubectl")!, ...args]);
    if (code !== 0) throw new Error(`kubectl ${args.join(" ")}: ${stderr}`);
    return stdout;
  };
  await kubectl("create", "namespace", namespace);
  return {
    folder,
    namespace,
    kubectl: (...args) => kubectl("--namespace", namespace, ...args),
    asPrinted: async (manifest, what) => {
      const line = manifest.split("\n").find((each) => each.startsWith(`# ${what}:`));
      const command = line?.slice(`# ${what}:`.length).trim() ?? "exit 1";
      const env = { PATH, CERTCTL_TOKEN: TOKEN };
      return await run([findProgram("bash")!, "-c", command], { cwd: folder, env });
    },
    [Symbol.asyncDispose]: async () => {
      await kubectl("delete", "namespace", namespace, "--wait=false");
      await Deno.remove(folder, { recursive: true });
    },
  };
}

/** Prints the manifest, and creates what it says with what this one node wants beside. */
async function started(
  cluster: Cluster,
  url: string,
  more: readonly string[] = [],
): Promise<{ manifest: string; name: string }> {
  const { folder, namespace, kubectl, asPrinted } = cluster;
  await Deno.writeTextFile(join(folder, "plan.yaml"), PLAN);
  const args = ["shards", "kubernetes", join(folder, "plan.yaml"), "--count", String(MACHINES)]
    .concat(["--namespace", namespace, "--image", IMAGE!, "--start-in", START_IN, "--cpus", "1"]);
  const env = { CERTCTL_BASE: url, CERTCTL_TOKEN: TOKEN };
  const { code, out: manifest, err } = await certloadIn({ env }, "", ...args, ...more);
  assertEquals(code, 0, err);
  const secret = await asPrinted(manifest, "the secrets, once");
  assertEquals(secret.code, 0, secret.stderr);
  const documents = parseAllDocuments(manifest).map((document) => document.toJS());
  for (const document of documents) if (document.kind === "Job") overlay(document);
  const file = join(folder, "overlaid.json");
  const items = { apiVersion: "v1", kind: "List", items: documents };
  await Deno.writeTextFile(file, JSON.stringify(items));
  await kubectl("create", "--filename", file);
  return { manifest, name: documents[1].metadata.name };
}

/** The pods share the host's network, where the server is, and its two cores. */
// deno-lint-ignore no-explicit-any -- a manifest
function overlay(job: any): void {
  const pod = job.spec.template.spec;
  pod.hostNetwork = true;
  const [container] = pod.containers;
  container.imagePullPolicy = "Never";
  container.resources = { requests: { cpu: "100m", memory: "64Mi" } };
}

/** The summaries in a log, put together by hand. */
function summariesIn(log: string): string[] {
  const frames = new Map<string, string[]>();
  for (const [, shard = "", at, text = ""] of log.matchAll(FRAME)) {
    frames.set(shard, Object.assign(frames.get(shard) ?? [], { [Number(at) - 1]: text }));
  }
  return [...frames.values()].map((lines) => {
    const packed = Uint8Array.fromBase64(lines.join(""), { alphabet: "base64url" });
    return new TextDecoder().decode(gunzipSync(packed));
  });
}

const FRAME = /certload-shard (\d+-of-\d+) \w+ (\d+)-of-\d+ (\S+)/g;

testOnCluster("an Indexed Job runs a plan on eight pods as one run", async (cluster) => {
  await using server = countingServer();
  const { manifest, name } = await started(cluster, server.url);
  assertEquals((await cluster.asPrinted(manifest, "wait for the end")).code, 0);
  const job = JSON.parse(await cluster.kubectl("get", "job", name, "--output=json"));
  assertEquals([job.status.succeeded, job.status.failed ?? 0], [MACHINES, 0]);
  assertEquals(job.status.completedIndexes, "0-7");
  const merged = await cluster.asPrinted(manifest, "merge and judge");
  assert([0, 95].includes(merged.code), merged.stdout + merged.stderr);
  const selector = `--selector=batch.kubernetes.io/job-name=${name}`;
  const log = await cluster.kubectl("logs", selector, "--tail=-1", "--prefix");
  assert(!log.includes(TOKEN));
  const parts = await Promise.all(
    summariesIn(log).map(async (text, at) => {
      const path = join(cluster.folder, `part-${at}.json`);
      await Deno.writeTextFile(path, text);
      return path;
    }),
  );
  await assertWhole(MACHINES, server, join(cluster.folder, "results", "summary.json"), parts);
});

testOnCluster("a pod that is gone is named by the Job, and by the merged run", async (cluster) => {
  await using server = countingServer();
  const { manifest, name } = await started(cluster, server.url, ["--duration", "15s"]);
  await until("the load", () => server.log.length > 0, 120_000);
  const index = "batch.kubernetes.io/job-completion-index=2";
  const selector = `--selector=batch.kubernetes.io/job-name=${name},${index}`;
  await cluster.kubectl("delete", "pod", selector, "--grace-period=0", "--force");
  assertEquals((await cluster.asPrinted(manifest, "wait for the end")).code, 0);
  const failed = await cluster.asPrinted(manifest, "who failed, from 0");
  assertEquals(failed.stdout, "2");
  const merged = await cluster.asPrinted(manifest, "merge and judge");
  assertEquals(merged.code, 95, merged.stdout + merged.stderr);
  assertStringIncludes(
    merged.stdout.replaceAll(/\s+/g, " "),
    "Shard 3 of 8 is missing: 12.5 % of the load was not offered",
  );
});
