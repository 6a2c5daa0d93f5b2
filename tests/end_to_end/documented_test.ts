/** Every command that README and docs show is run as it is written there, against the lab where it wants a server. */
import { dirname, join } from "node:path";
import { runCommand } from "../../src/cli/commands.ts";
import { assert, assertEquals, assertStringIncludes } from "../assert.ts";
import { recordingIo } from "../cli/in_process.ts";
import { findProgram, firstMissing, testWith } from "../programs.ts";
import { programCommand } from "./program.ts";

const ROOT = new URL("../../", import.meta.url).pathname;

interface Place {
  /** An empty folder, the same for all commands of a page. */
  readonly folder: string;
  /** Of the lab, as it announces it. */
  readonly lab: Readonly<Record<string, string>>;
}

interface Outcome {
  readonly code: number;
  readonly output: string;
  /** Of the run, where there was one. */
  // deno-lint-ignore no-explicit-any -- tests look into it freely
  readonly summary: any;
}

/** How a command is exercised. */
interface Exercise {
  /** A program of the host without which it is skipped. */
  readonly needs?: string;
  /** Added to the command: a test has no five minutes. */
  readonly more?: string;
  /** In place of what stands for something of the reader's own. */
  readonly replace?: (place: Place) => Readonly<Record<string, string>>;
  readonly env?: (place: Place) => Readonly<Record<string, string>>;
  readonly check: (outcome: Outcome, place: Place) => void;
}

/** The load was sent and judged. How it was judged is another test's: this host may be busy. */
function judged({ code, output, summary }: Outcome): void {
  assert([0, 93, 95, 99].includes(code), output);
  assertEquals(summary?.exit.code, code, output);
}

function passed({ code, output }: Outcome): void {
  assertEquals(code, 0, output);
}

function prints(part: string): (outcome: Outcome) => void {
  return (outcome) => {
    passed(outcome);
    assertStringIncludes(outcome.output, part);
  };
}

/** The command line is right, and what is missing is told. */
function wantsContainers({ code, output }: Outcome): void {
  assertEquals(code, 94, output);
  assertStringIncludes(output, "docker compose");
}

const SHORT = '--duration 1s --out "$FOLDER/results"';
const ONE = "--only issuance_acceptance";
/** Those that the plans let begin later. */
const AT_ONCE = ["list_certificates", "nginx_handshake", "apache_handshake", "haproxy_handshake"]
  .concat("f5_handshake").map((name) => `--set scenarios.${name}.start_after=0s`).join(" ");
const onLab = ({ lab }: Place): Readonly<Record<string, string>> => lab;

/** A file on stdout by what every shell has built in: the commands have nothing but certload on their PATH. */
function printed(file: string): string {
  return `while IFS= read -r line; do printf '%s\\n' "$line"; done <${file}`;
}

const OURS: Readonly<Record<string, Exercise>> = {
  "deno task loadtest": {
    more: `${SHORT} ${AT_ONCE} --set scenarios.acme_directory_and_nonce.start_after=0s`,
    check: (outcome) => {
      judged(outcome);
      assertEquals(Object.keys(outcome.summary.phases).sort(), [
        "acme",
        "api",
        "connector",
        "lifecycle",
      ]);
    },
  },
  'deno task certload run loadtest --target https://certctl.example:8443 --token "$TOKEN" --ca ca.crt':
    {
      more: `${SHORT} ${AT_ONCE}`,
      replace: ({ lab }) => ({
        "https://certctl.example:8443": lab["CERTCTL_BASE"]!,
        "ca.crt": lab["CERTLOAD_CA_FILE"]!,
      }),
      env: ({ lab }) => ({ TOKEN: lab["CERTCTL_TOKEN"]! }),
      check: (outcome) => {
        judged(outcome);
        const { phases, methodology } = outcome.summary;
        const named = ["nginx_handshake", "apache_handshake", "haproxy_handshake", "f5_handshake"];
        assertEquals(Object.keys(phases), ["api"]);
        for (const each of [...named, "NGINX_TARGET_URL"]) {
          assertStringIncludes(methodology.notes.join(), each);
          assertStringIncludes(outcome.output, each);
        }
      },
    },
  "deno task loadtest:compose": { check: wantsContainers },
  "./certload-linux-x64 version": { check: passed },
  "./certload-linux-x64 run quickstart": { more: `${SHORT} ${ONE}`, check: judged },
  "certload run loadtest --stack compose": { check: wantsContainers },
  "certload run lifecycle --stack embedded": { more: `${SHORT} ${ONE}`, check: judged },
  "certload run lifecycle --stack embedded --duration 10s": {
    replace: () => ({ "--duration 10s": SHORT }),
    more: ONE,
    check: judged,
  },
  "certload run lifecycle --stack compose --allow-commands": { check: wantsContainers },
  "CERTCTL_RENEWAL_CONCURRENCY=5 CERTCTL_KEYGEN_MODE=server certload run scheduler --stack embedded":
    {
      more: `${SHORT} --only renew_25 --set scenarios.renew_25.start_after=0s ` +
        "--set scenarios.renew_25.with.batch=5",
      check: (outcome) => {
        judged(outcome);
        const { counters, gauges } = outcome.summary.phases.lifecycle.renew_25;
        assertEquals(counters.jobs_completed, 5, outcome.output);
        assertEquals(gauges.jobs_limit[0].max, 5);
      },
    },
  // Whoever has a cluster must not find a test's Secrets in it.
  "KUBECONFIG=~/.kube/config CERTLOAD_NAMESPACE=loadtest certload run kubernetes": {
    more: SHORT,
    replace: () => ({ "~/.kube/config": "not-there.yaml" }),
    check: ({ code, output }) => {
      assertEquals(code, 94, output);
      assertStringIncludes(output, 'Cannot read the kubeconfig "not-there.yaml"');
    },
  },
  "certload init mine": { check: passed },
  "certload check loadtest --shards 8": {
    check: ({ code, output }) => {
      assertEquals(code, 0, output);
      assertStringIncludes(output, "1 to 8 of 8: 1 worker");
    },
  },
  // Machines that begin together are a test of their own; this instant is over.
  "certload run loadtest --shard 3/8 --start-at 2026-11-28T04:30:00Z": {
    more: SHORT,
    replace: () => ({ "2026-11-28": "2025-11-28" }),
    env: onLab,
    check: ({ code, output }) => {
      assertEquals(code, 94, output);
      assertStringIncludes(output, "Shard 3 of 8 was ready");
    },
  },
  "certload capacity loadtest --scenario list_certificates --require 40/s": {
    more: '--only list_certificates --from 40/s --to 40/s --at-most 1m --out "$FOLDER/capacity"',
    env: onLab,
    check: ({ code, output }) => {
      assert([0, 95, 99].includes(code), output);
      assertStringIncludes(output, code === 0 ? "holds at least 40/s" : "40/s are required");
    },
  },
  "certload fleet loadtest --certificates 50000 --lifetime 47d --stack embedded": {
    more: '--only issuance_acceptance --to 1/s --at-most 1m --out "$FOLDER/fleet"',
    check: ({ code, output }) => {
      assert([0, 95, 99].includes(code), output);
      assertStringIncludes(output, "50,000 certificates of 47d");
    },
  },
  'deno task certload fleet loadtest --certificates 50000 --lifetime 47d --target https://certctl.example:8443 --token "$TOKEN" --ca ca.crt':
    {
      more: '--only issuance_acceptance --to 1/s --at-most 1m --out "$FOLDER/fleet"',
      replace: ({ lab }) => ({
        "https://certctl.example:8443": lab["CERTCTL_BASE"]!,
        "ca.crt": lab["CERTLOAD_CA_FILE"]!,
      }),
      env: ({ lab }) => ({ TOKEN: lab["CERTCTL_TOKEN"]! }),
      check: ({ code, output }) => {
        assert([0, 95, 99].includes(code), output);
        assertStringIncludes(output, "50,000 certificates of 47d");
      },
    },
  "certload fleet loadtest --certificates 50000 --lifetime 47d --plan-only": {
    check: ({ code, output }) => {
      assertEquals(code, 0, output);
      assertStringIncludes(output, "= 1,596 a day = 0.0185/s");
    },
  },
  "certload shards kubernetes loadtest --count 8 --start-in 3m --target https://certctl.example:8443 >job.yaml":
    { more: `&& ${printed("job.yaml")}`, check: prints("completions: 8") },
  "certload shards ssh load-1,load-2,ops@load-3:2222 loadtest --target https://certctl.example:8443 >run.sh":
    {
      more: `--executable certload-linux-x64 && ${printed("run.sh")}`,
      check: prints("::: load-1 load-2 ssh://ops@load-3:2222"),
    },
  "certload shards slurm loadtest --count 8 --target https://certctl.example:8443 --executable /shared/certload >run.sbatch":
    { more: `&& ${printed("run.sbatch")}`, check: prints("#SBATCH --ntasks=8") },
  "certload run mine/scenarios/loadtest.yaml --stack compose --compose-file mine/compose/docker-compose.yml":
    { check: wantsContainers },
  "certload run loadtest --save-baseline baseline.json": {
    more: `${SHORT} ${ONE} --force`,
    env: onLab,
    check: judged,
  },
  "certload run loadtest --baseline baseline.json": {
    more: `${SHORT} ${ONE} --force`,
    env: onLab,
    check: (outcome) => {
      judged(outcome);
      assert(outcome.summary.comparison !== null);
    },
  },
  "certload baseline show baseline.json --markdown": { check: passed },
  [`curl -H content-type:application/json -d '{"down":["f5"]}' "$CERTLOAD_LAB_CONTROL/lab/faults"`]:
    {
      needs: "curl",
      more: "-sf",
      env: onLab,
      check: passed,
    },
};

/**
 * What is running here, what `tools/test_executable.ts` does, and what `guides_test.ts` does with a new file: that there
 * is such a task is all that is asked.
 */
const TASKS = /^(?:DENORT_BIN=\S+ )?deno (?:task (?:test|compile|docs|ok)\b|test -A tests\/)/;

/** Other people's programs, and what wants a network: of these only the shell's grammar is looked at. */
const OTHERS = /^(sha256sum|sh run\.sh|chmod|export|docker|for|done|deno install --frozen|LEGO_)/;

interface Page {
  readonly name: string;
  readonly blocks: readonly string[];
}

async function pages(): Promise<Page[]> {
  const docs = Array.from(Deno.readDirSync(join(ROOT, "docs")), ({ name }) => `docs/${name}`);
  const names = [
    "README.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    ...docs.filter((name) => name.endsWith(".md")).sort(),
  ];
  return await Promise.all(names.map(async (name) => {
    const text = await Deno.readTextFile(join(ROOT, name));
    const blocks = text.matchAll(/^```(?:sh|bash|shell|console)\n(.*?)^```/gms);
    return { name, blocks: Array.from(blocks, ([, block]) => block ?? "") };
  }));
}

/** One a line; a backslash goes on in the next, and a remark is none of it. */
function commandsOf(block: string): string[] {
  return block.replaceAll("\\\n", " ").split("\n")
    .map((line) => line.replace(/\s+# .*$/, "").replaceAll(/\s+/g, " ").trim())
    .filter((line) => line !== "");
}

Deno.test("every command of README and docs is exercised here, and nothing is that is not there", async () => {
  const all = (await pages()).flatMap(({ blocks }) => blocks.flatMap(commandsOf));
  const ours = all.filter((command) => !OTHERS.test(command) && !TASKS.test(command));
  assertEquals([...new Set(ours)].sort(), Object.keys(OURS).sort());
});

Deno.test("every task that README and docs name is there", async () => {
  const { tasks } = JSON.parse(await Deno.readTextFile(join(ROOT, "deno.json")));
  for (const { name } of await pages()) {
    const text = await Deno.readTextFile(join(ROOT, name));
    for (const [, task] of text.matchAll(/deno task ([\w:]+)/g)) {
      assert(Object.hasOwn(tasks, task!), `${name}: deno task ${task}`);
    }
  }
});

Deno.test("every link from page to page leads to a file that is there", async () => {
  for (const { name } of await pages()) {
    const text = await Deno.readTextFile(join(ROOT, name));
    for (const [, path = ""] of text.matchAll(/\]\((?!\w+:)([^)#\s]+)(?:#[^)]*)?\)/g)) {
      const file = join(ROOT, dirname(name), path);
      assert(await Deno.stat(file).then(() => true, () => false), `${name}: ${path}`);
    }
  }
});

testWith("sh")("every block of commands is what a shell can read", async () => {
  for (const { name, blocks } of await pages()) {
    for (const block of blocks) {
      const { success } = await new Deno.Command("sh", { args: ["-n", "-c", block] }).output();
      assert(success, `${name}:\n${block}`);
    }
  }
});

testWith("sh")(
  "every command of README and docs does what it says, as it is written",
  async (t) => {
    const folder = await Deno.makeTempDir({ prefix: "certload-docs-" });
    const lab = await startLab(folder);
    try {
      for (const { name, blocks } of await pages()) {
        const place = { folder: join(folder, name.replaceAll("/", "_")), lab: lab.environment };
        await Deno.mkdir(place.folder);
        await Deno.symlink("../bin/certload", join(place.folder, "certload-linux-x64"));
        for (const command of blocks.flatMap(commandsOf)) {
          const exercise = OURS[command];
          if (exercise === undefined) continue;
          const missing = exercise.needs === undefined ? undefined : firstMissing([exercise.needs]);
          await t.step({
            name: `${name}: ${command}${missing ? ` (skipped: ${missing} is not installed)` : ""}`,
            ignore: missing !== undefined,
            fn: async () => exercise.check(await perform(command, exercise, place, folder), place),
          });
        }
      }
    } finally {
      await lab.stop();
      await Deno.remove(folder, { recursive: true });
    }
  },
);

/** Runs it in a shell that knows `deno` and `certload` and no container engine. */
async function perform(
  command: string,
  { needs, more = "", replace, env }: Exercise,
  place: Place,
  bin: string,
): Promise<Outcome> {
  let line = `${command} ${more}`;
  if (needs !== undefined) await Deno.symlink(findProgram(needs)!, join(bin, "bin", needs));
  for (const [from, to] of Object.entries(replace?.(place) ?? {})) line = line.replaceAll(from, to);
  const { code, stdout, stderr } = await new Deno.Command(findProgram("sh")!, {
    args: ["-c", line],
    cwd: command.startsWith("deno ") ? ROOT : place.folder,
    env: {
      PATH: join(bin, "bin"),
      FOLDER: place.folder,
      NO_COLOR: "1",
      ...env?.(place),
    },
  }).output();
  const decoder = new TextDecoder();
  const path = join(place.folder, "results", "summary.json");
  const summary = await Deno.readTextFile(path).then(JSON.parse, () => undefined);
  await Deno.remove(join(place.folder, "results"), { recursive: true }).catch(() => {});
  return { code, output: decoder.decode(stdout) + decoder.decode(stderr), summary };
}

interface RunningLab {
  readonly environment: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

/** The lab, and the programs that the commands call. */
async function startLab(folder: string): Promise<RunningLab> {
  const [program, ...before] = programCommand();
  const words = [program, ...before].map((word) => `'${word}'`).join(" ");
  await Deno.mkdir(join(folder, "bin"));
  await Deno.symlink(Deno.execPath(), join(folder, "bin", "deno"));
  await Deno.writeTextFile(join(folder, "bin", "certload"), `#!/bin/sh\nexec ${words} "$@"\n`, {
    mode: 0o755,
  });
  const child = new Deno.Command(program, {
    args: [...before, "lab", "--json", "--ca-file", join(folder, "ca.pem")],
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  while (!text.includes("\n")) text += (await reader.read()).value ?? "";
  return {
    environment: JSON.parse(text).environment,
    stop: async () => {
      await reader.cancel();
      await child.stdin.close();
      await child.status;
    },
  };
}

async function helpOf(command: string): Promise<string> {
  const { io, printed } = recordingIo();
  assertEquals(await runCommand(["help", command], io), 0);
  return printed.out;
}

async function commandNames(): Promise<string[]> {
  const { io, printed } = recordingIo();
  await runCommand(["help"], io);
  return Array.from(printed.out.matchAll(/^ {2}(\w+) {2}/gm), ([, name]) => name!);
}

Deno.test("README's table has the commands that there are, with the arguments that they take", async () => {
  const readme = await Deno.readTextFile(join(ROOT, "README.md"));
  const rows = readme.split("\n").filter((line) => line.startsWith("| `certload "));
  const named = rows.flatMap((row) =>
    Array.from(row.matchAll(/`certload (\w+)/g), ([, word]) => word!)
  );
  assertEquals([...new Set(named)].sort(), (await commandNames()).sort());
  for (const [, name, argument] of readme.matchAll(/^\| `certload (\w+) ([A-Z]+)/gm)) {
    assertStringIncludes((await helpOf(name!)).split("\n")[0]!, argument!);
  }
});

/** Everyone's, Deno's, and those of `deno task fuzz`. */
const OTHERS_FLAGS = new Set(["--help", "--cached-only", "--cases", "--seconds", "--seed"]);

Deno.test("every flag that README and docs name is one of some command", async () => {
  const helps = await Promise.all((await commandNames()).map(helpOf));
  const flags = new Set(helps.join("\n").match(/--[a-z][a-z-]*/g));
  for (const { name } of await pages()) {
    if (/benchmarks|real-certctl/.test(name)) continue;
    const text = (await Deno.readTextFile(join(ROOT, name))).replaceAll(/^```.*?^```/gms, "");
    for (const [code] of text.matchAll(/`(?:deno task )?(?:--|certload |run )[^`\n]+`/g)) {
      for (const [flag] of code.matchAll(/(?<![\w-])--[a-z][a-z-]*/g)) {
        assert(flags.has(flag) || OTHERS_FLAGS.has(flag), `${name} names ${flag}, in ${code}`);
      }
    }
  }
});
