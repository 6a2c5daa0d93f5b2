import { assert, assertEquals, assertStringIncludes } from "./assert.ts";
import { parse } from "yaml";

interface Step {
  readonly uses?: string;
  readonly run?: string;
  readonly if?: string;
  readonly with?: Readonly<Record<string, unknown>>;
}

interface Workflow {
  readonly on: {
    readonly workflow_dispatch?: null;
    readonly schedule?: readonly { readonly cron: string }[];
    readonly push?: { readonly tags?: readonly string[] };
  };
  readonly jobs: Readonly<
    Record<string, { readonly "timeout-minutes": number; readonly steps: readonly Step[] }>
  >;
}

async function workflow(name: string): Promise<Workflow> {
  const url = new URL(`../.github/workflows/${name}.yml`, import.meta.url);
  return parse(await Deno.readTextFile(url)) as Workflow;
}

function steps(workflow: Workflow): readonly Step[] {
  return Object.values(workflow.jobs).flatMap((job) => job.steps);
}

interface Task {
  readonly description: string;
  readonly command: string;
}

async function tasks(): Promise<Record<string, Task>> {
  const text = await Deno.readTextFile(new URL("../deno.json", import.meta.url));
  return (JSON.parse(text) as { tasks: Record<string, Task> }).tasks;
}

Deno.test("the load test runs by hand and on Mondays at 06:00 UTC, for at most 25 minutes", async () => {
  const loadtest = await workflow("loadtest");
  assert("workflow_dispatch" in loadtest.on);
  assertEquals(loadtest.on.schedule, [{ cron: "0 6 * * 1" }]);
  assertEquals(loadtest.jobs["loadtest"]?.["timeout-minutes"], 25);
});

Deno.test("the load test's results are kept for 90 days and shown, whatever the outcome", async () => {
  const loadtest = await workflow("loadtest");
  const upload = steps(loadtest).find((step) => step.uses?.startsWith("actions/upload-artifact@"));
  assertEquals(upload?.if, "always()");
  assertEquals(upload?.with?.["retention-days"], 90);
  const show = steps(loadtest).find((step) => step.run?.includes("GITHUB_STEP_SUMMARY"));
  assertEquals(show?.if, "always()");
  assertStringIncludes(show?.run ?? "", "results/summary.txt");
});

Deno.test("a tag makes a release with checksums", async () => {
  const release = await workflow("release");
  assertEquals(release.on.push?.tags, ["v*"]);
  assert(steps(release).some((step) => step.run?.includes("sha256sum --check SHA256SUMS")));
});

Deno.test("a release has images, tried as they are to run, and checksums of them, before it is published", async () => {
  const runs = steps(await workflow("release")).map(({ run = "" }) => run);
  const image = runs.findIndex((run) => run.includes("--file Containerfile"));
  for (
    const part of ["docker run --rm --read-only --network none", ">>SHA256SUMS", "docker save"]
  ) {
    assertStringIncludes(runs[image] ?? "", part);
  }
  assert(image < runs.findIndex((run) => run.includes("gh release create")));
});

Deno.test("the image has no shell in its way: it runs as another than root, and nothing is run to build it", async () => {
  const text = await Deno.readTextFile(new URL("../Containerfile", import.meta.url));
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  const words = new Map(lines.map((line) => [line.split(" ")[0]!, line.replace(/^\S+ /, "")]));
  assertEquals(words.has("RUN"), false);
  assertEquals(words.get("USER"), "65532:65532");
  // A mode here would want BuildKit, which Debian's docker.io has not; the executable has its own.
  assertEquals(words.get("COPY"), "${EXECUTABLE} /usr/local/bin/certload");
  // The form without a shell.
  assertEquals(JSON.parse(words.get("ENTRYPOINT") ?? ""), ["/usr/local/bin/certload"]);
});

Deno.test("every task that a workflow calls is there", async () => {
  const known = await tasks();
  for (const name of ["ci", "loadtest", "release"]) {
    for (const { run = "" } of steps(await workflow(name))) {
      for (const [, task] of run.matchAll(/deno task ([\w:]+)/g)) {
        assert(task && task in known, `${name}.yml calls "deno task ${task}"`);
      }
    }
  }
});

Deno.test("the tools are installed in one version everywhere", async () => {
  const versions = new Set<unknown>();
  for (const name of ["loadtest", "release"]) {
    for (const step of steps(await workflow(name))) {
      if (step.uses?.startsWith("denoland/setup-deno@")) versions.add(step.with?.["deno-version"]);
    }
  }
  assertEquals([...versions], ["2.9.6"]);
});
