import { assert, assertEquals, assertMatch, assertStringIncludes } from "../assert.ts";
import { testWith } from "../programs.ts";
import { type ComposeOptions, composeStack } from "../../src/stack/compose.ts";
import type { StackFailed, StackReady } from "../../src/stack/stack.ts";
import { COMPOSE, ENGINE, inspected, type StandIn, standIn } from "./stand_in.ts";

const BASE = inspected({
  service: "certctl-server",
  health: "healthy",
  labels: { "certload.url": "CERTCTL_BASE", "certload.port": "8443" },
  ports: { "8443/tcp": "1" },
});

interface Started {
  readonly outcome: StackReady | StackFailed;
  readonly progress: readonly string[];
  readonly left: string | undefined;
}

/** Starts and stops a stack. */
async function startAndStop(options: ComposeOptions, signal?: AbortSignal): Promise<Started> {
  const progress: string[] = [];
  const stack = composeStack(options);
  const outcome = await stack.start({
    progress: (line) => progress.push(line),
    signal: signal ?? new AbortController().signal,
  });
  return { outcome, progress, left: await stack.stop() };
}

function message({ outcome }: Started): string {
  assert(!outcome.ok, "the stack started");
  return outcome.message;
}

/** Docker as it is with the v2 plugin: one program for both. */
async function dockerV2(): Promise<StandIn> {
  const tools = await standIn();
  await tools.program("docker", `if [ "$1" = compose ]; then shift; ${COMPOSE} else ${ENGINE} fi`);
  return tools;
}

async function count(tools: StandIn, word: string): Promise<number> {
  return (await tools.calls()).filter((call) => call.split(" ").includes(word)).length;
}

const test = testWith("sh", "cat", "sleep");

test(
  "a run starts the project, hands over its addresses, and takes it down",
  async () => {
    await using tools = await dockerV2();
    await tools.containers([BASE]);
    const { outcome, progress, left } = await startAndStop({});
    assert(outcome.ok);
    assertMatch(
      progress[0]!,
      /^stack: starting project certload-[0-9a-f]{8} with .*stand-in 9\.9/,
    );
    assertEquals(outcome.environment["CERTCTL_BASE"], "https://127.0.0.1:1");
    assertEquals(
      outcome.environment["CERTCTL_ACME_DIRECTORY"],
      "https://127.0.0.1:1/acme/profile/prof-test/directory",
    );
    assertEquals(outcome.environment["CERTCTL_TOKEN"], "load-test-token");
    // Nothing answers there, so there is no certificate to trust.
    assertEquals(outcome.environment["CERTLOAD_CA_FILE"], "");
    assertEquals(outcome.environment["CERTLOAD_INSECURE"], "true");
    assertStringIncludes(outcome.description, "stand-in 9.9");
    assertStringIncludes(outcome.description, "certctl-server image:1");
    assertEquals(left, undefined);
    const calls = await tools.calls();
    assertEquals(calls[0], "docker compose version");
    const up = calls.find((call) => call.endsWith(" up -d"))!;
    assertMatch(up, /^docker compose -p certload-[0-9a-f]{8} -f \S+docker-compose\.yml up -d$/);
    assertEquals(calls.at(-1), up.replace(/up -d$/, "down --volumes --timeout 5"));
    assert(calls.includes("docker inspect c1"));
  },
);

test("docker-compose is used where docker has no plugin", async () => {
  await using tools = await standIn();
  await tools.program("docker", `[ "$1" = compose ] && exit 1; ${ENGINE}`);
  await tools.program("docker-compose", COMPOSE);
  await tools.containers([BASE]);
  assert((await startAndStop({})).outcome.ok);
  const calls = await tools.calls();
  assert(calls.some((call) => /^docker-compose -p \S+ -f \S+ up -d$/.test(call)));
  assert(calls.some((call) => /^docker ps --all --quiet --filter label=/.test(call)));
  assertMatch(calls.at(-1)!, /^docker-compose -p \S+ -f \S+ down --volumes --timeout 5$/);
});

test("podman compose is used where docker is not at all", async () => {
  await using tools = await standIn();
  await tools.program("docker", "exit 127");
  await tools.program("docker-compose", "exit 127");
  await tools.program("podman", `if [ "$1" = compose ]; then shift; ${COMPOSE} else ${ENGINE} fi`);
  await tools.containers([BASE]);
  assert((await startAndStop({})).outcome.ok);
  const calls = (await tools.calls()).filter((call) => call.startsWith("podman"));
  assertMatch(calls[1]!, /^podman (compose -p \S+ -f \S+ up -d|ps --all --quiet)/);
  assert(calls.includes("podman inspect c1"));
  assertMatch(calls.at(-1)!, /^podman compose -p \S+ -f \S+ down --volumes --timeout 5$/);
});

test("a named compose command is the only one tried", async () => {
  await using tools = await dockerV2();
  const failed = await startAndStop({ command: "certload-no-such-tool compose" });
  assertStringIncludes(message(failed), "--compose-command");
  assertStringIncludes(message(failed), "certload-no-such-tool");
  assertEquals(await tools.calls(), []);
});

test("the operator's own compose files take the shipped one's place", async () => {
  await using tools = await dockerV2();
  await tools.containers([BASE]);
  await startAndStop({ files: ["/a.yml", "/b.yml"] });
  assertMatch((await tools.calls()).at(-1)!, /-f \/a\.yml -f \/b\.yml down/);
});

test("a named source is built from anew", async () => {
  await using tools = await dockerV2();
  await tools.containers([BASE]);
  Deno.env.set("CERTCTL_SOURCE", "/src/certctl");
  try {
    await startAndStop({});
  } finally {
    Deno.env.delete("CERTCTL_SOURCE");
  }
  assert((await tools.calls()).some((call) => call.endsWith(" up -d --build")));
});

test("two runs have different project names", async () => {
  await using tools = await dockerV2();
  await tools.containers([BASE]);
  await Promise.all([startAndStop({}), startAndStop({})]);
  const calls = await tools.calls();
  const names = new Set(calls.flatMap((call) => call.match(/certload-[0-9a-f]{8}(?= -f)/) ?? []));
  assertEquals(names.size, 2);
});

test(
  "a service that gets unhealthy is named with its check and its last log lines",
  async () => {
    await using tools = await dockerV2();
    await tools.containers([
      inspected({ service: "postgres", health: "unhealthy", healthOutput: "no response" }),
    ]);
    const failed = await startAndStop({});
    assertStringIncludes(message(failed), 'service "postgres" is not ready: unhealthy');
    assertStringIncludes(message(failed), "no response");
    assertStringIncludes(message(failed), "line one");
    assertEquals(await count(tools, "down"), 1);
  },
);

test("up is ended when a service fails while it is still waiting", async () => {
  await using tools = await dockerV2();
  await Deno.writeTextFile(`${tools.folder}/up.sh`, "exec sleep 60");
  await tools.containers([inspected({ service: "setup", status: "exited", exitCode: 4 })]);
  const failed = await startAndStop({});
  assertStringIncludes(message(failed), 'service "setup" is not ready: exited with code 4');
  assertEquals(await count(tools, "down"), 1);
});

test("what the compose tool complains about is shown when it fails", async () => {
  await using tools = await dockerV2();
  await Deno.writeTextFile(`${tools.folder}/up.sh`, "echo pull access denied >&2; exit 18");
  const failed = await startAndStop({});
  assertStringIncludes(message(failed), "exit code 18");
  assertStringIncludes(message(failed), "pull access denied");
  assertEquals(await count(tools, "down"), 1);
});

/** An engine whose lists fail, and what `up` does meanwhile. */
async function withoutLists(up: string): Promise<StandIn> {
  const tools = await dockerV2();
  const unlisted = 'case "$1" in ps) echo no daemon >&2; exit 3 ;; esac';
  await tools.program(
    "docker",
    `if [ "$1" = compose ]; then shift; ${COMPOSE} else ${unlisted}\nfi`,
  );
  await Deno.writeTextFile(`${tools.folder}/up.sh`, up);
  return tools;
}

test("containers that cannot be listed after a start that went well are told, with the command", async () => {
  await using _ = await withoutLists("exit 0");
  const text = message(await startAndStop({}));
  assertMatch(text, /"docker ps .*" ended with exit code 3\n {4}no daemon/);
});

test("a start that failed is told, and not that its containers cannot be listed", async () => {
  await using _ = await withoutLists("echo no space >&2; exit 18");
  const text = message(await startAndStop({}));
  assertMatch(text, /"docker compose .* up .*" ended with exit code 18\n {4}no space/);
});

test("what inspect says in no JSON is told as that", async () => {
  await using tools = await dockerV2();
  await tools.containers([BASE]);
  await Deno.writeTextFile(`${tools.folder}/containers.json`, "Error: none");
  const text = message(await startAndStop({}));
  assertStringIncludes(text, '"docker inspect" gave no JSON: ');
});

test("a container that ended well after it was started is not waited for, and one that waits is", async () => {
  await using tools = await dockerV2();
  await tools.containers([BASE]);
  await Deno.writeTextFile(`${tools.folder}/up.sh`, "echo up is done");
  const { outcome, progress } = await startAndStop({});
  assert(outcome.ok);
  assert(progress.includes("stack: 1 of 1 services ready"), progress.join());
});

test("the last twenty lines of what failed are told, and no more", async () => {
  await using tools = await dockerV2();
  await Deno.writeTextFile(
    `${tools.folder}/up.sh`,
    "n=0; while [ $n -lt 30 ]; do n=$((n + 1)); echo line $n >&2; done; exit 1",
  );
  const lines = message(await startAndStop({})).split("\n").map((line) => line.trim());
  const told = lines.filter((line) => line.startsWith("line "));
  assertEquals([told.length, told[0], told.at(-1)], [20, "line 11", "line 30"]);
});

test("a stack without any news is given up", async () => {
  await using tools = await dockerV2();
  await tools.containers([inspected({ service: "slow", health: "starting" })]);
  const failed = await startAndStop({ idleTimeoutMs: 10 });
  assertStringIncludes(message(failed), "nothing has changed");
  assertStringIncludes(message(failed), 'service "slow" is not ready: starting');
  assertEquals(await count(tools, "down"), 1);
});

test("an interrupted start takes down what was started", async () => {
  await using tools = await dockerV2();
  await Deno.writeTextFile(`${tools.folder}/up.sh`, "echo creating; exec sleep 60");
  const abort = new AbortController();
  const stack = composeStack();
  const outcome = await stack.start({
    progress: (line) => line.includes("creating") && abort.abort(),
    signal: abort.signal,
  });
  assert(!outcome.ok);
  assertStringIncludes(outcome.message, "interrupted");
  assertEquals(await stack.stop(), undefined);
  assertEquals(await count(tools, "down"), 1);
});

test("a kept stack stays, and the way to take it down is told", async () => {
  await using tools = await dockerV2();
  await tools.containers([BASE]);
  const { outcome, progress, left } = await startAndStop({ keep: true });
  assert(outcome.ok);
  assertEquals(left, undefined);
  assertEquals(await count(tools, "down"), 0);
  const command = progress.at(-1)!.match(/docker compose -p .* down --volumes/);
  assert(command, progress.at(-1));
  const folder = command[0].match(/-f (\S+)\/docker-compose\.yml/)![1]!;
  await Deno.remove(folder, { recursive: true });
});

test("a stack to be kept that never becomes ready is taken down", async () => {
  await using tools = await dockerV2();
  await tools.containers([inspected({ health: "unhealthy" })]);
  message(await startAndStop({ keep: true }));
  assertEquals(await count(tools, "down"), 1);
});

test("a teardown that fails is told", async () => {
  await using tools = await dockerV2();
  await tools.containers([BASE]);
  await Deno.writeTextFile(`${tools.folder}/down.sh`, "echo network in use; exit 1");
  const { left } = await startAndStop({});
  assertStringIncludes(left ?? "", "failed three times");
  await Deno.remove(left!.match(/\S+(?=\/down\.log)/)![0], { recursive: true });
});

test("the token is not shown with a service's log", async () => {
  await using tools = await dockerV2();
  await tools.containers([inspected({ health: "unhealthy" })]);
  Deno.env.set("CERTCTL_TOKEN", "s3cr3t-token");
  try {
    const text = message(await startAndStop({}));
    assertStringIncludes(text, "line two: ***");
    assertEquals(text.includes("s3cr3t"), false);
  } finally {
    Deno.env.delete("CERTCTL_TOKEN");
  }
});

/** The folders of runs in a TMPDIR of the test's own, after `use`. */
async function foldersAfter(use: () => Promise<void>): Promise<string[]> {
  const before = Deno.env.get("TMPDIR");
  const temp = await Deno.makeTempDir();
  Deno.env.set("TMPDIR", temp);
  try {
    await use();
    return (await Array.fromAsync(Deno.readDir(temp))).map(({ name }) => name)
      .filter((name) => name.startsWith("certload-"));
  } finally {
    if (before === undefined) Deno.env.delete("TMPDIR");
    else Deno.env.set("TMPDIR", before);
    await Deno.remove(temp, { recursive: true });
  }
}

test("a run without a shell for its guard starts nothing and leaves no folder", async () => {
  await using tools = await dockerV2();
  const path = Deno.env.get("PATH")!;
  const folders = await foldersAfter(async () => {
    Deno.env.set("PATH", tools.folder);
    try {
      assertStringIncludes(message(await startAndStop({})), "Cannot start the compose stack: ");
    } finally {
      Deno.env.set("PATH", path);
    }
  });
  assertEquals(folders, []);
  assertEquals(await count(tools, "up"), 0);
});

test("a run leaves no folder, and a kept one leaves what its removal needs", async () => {
  await using tools = await dockerV2();
  await tools.containers([BASE]);
  assertEquals(
    await foldersAfter(async () => {
      assert((await startAndStop({})).outcome.ok);
    }),
    [],
  );
  assertEquals(
    (await foldersAfter(async () => {
      assert((await startAndStop({ keep: true })).outcome.ok);
    })).length,
    1,
  );
});

test("without a TMPDIR nothing is started, and the remedy is told", async () => {
  await using tools = await dockerV2();
  const before = Deno.env.get("TMPDIR");
  Deno.env.set("TMPDIR", "/no/such/folder");
  try {
    assertStringIncludes(
      message(await startAndStop({})),
      "Set TMPDIR to a folder that exists and can be written to",
    );
  } finally {
    if (before === undefined) Deno.env.delete("TMPDIR");
    else Deno.env.set("TMPDIR", before);
  }
  assertEquals(await count(tools, "up"), 0);
});
