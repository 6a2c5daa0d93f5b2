/**
 * One GNU parallel command for hosts that ssh reaches and that have nothing of ours: the executable, the plan and what it
 * reads go there through ssh's own pipe, and the results come back by it.
 */
import { basename, dirname } from "node:path";
import { quoted } from "../terminal.ts";
import { runArguments, shardFolder } from "./delivery.ts";
import { sshDestination } from "./hosts.ts";
import { comment, word, words } from "./shell.ts";
import { neededSecrets, type SharedRun } from "./shared_run.ts";
import { needed } from "./slurm.ts";
import { type Start, startLine } from "./start.ts";

export interface SshOptions {
  readonly hosts: readonly string[];
  readonly executable: string;
  readonly start: Start;
}

/** Two files of one name would be one on the hosts. */
export function sshProblems(
  run: SharedRun,
  { executable }: Pick<SshOptions, "executable">,
): string[] {
  const files = filesOf(run, executable);
  return files.filter((file, at) =>
    files.findIndex((each) => basename(each) === basename(file)) < at
  )
    .map((file) =>
      `${
        quoted(file)
      } has the name of another file that goes to the hosts: give one of them another name`
    );
}

function filesOf({ plan, ca }: SharedRun, executable: string): string[] {
  return [executable, plan.file, ca?.path].filter((path) => path !== undefined);
}

/** Lines for a POSIX shell. All that is not ours stands in variables, where GNU parallel looks for no `{}`. */
export function sshCommand(run: SharedRun, options: SshOptions): string {
  const { hosts, start } = options;
  const numbers = hosts.map((_, at) => at + 1);
  const lines = [
    comment(
      `${
        quoted(run.title, 80)
      } on ${hosts.length} hosts. Wants ssh, tar and GNU parallel here, tar on the hosts.`,
    ),
    comment(
      "Run: sh FILE    Its exit code is the whole's. Interrupted, it ends the load within some seconds.",
    ),
    ...needed(run),
    GNU_PARALLEL,
    startLine(start),
    `results=${run.name}-$(date -u +%Y%m%dt%H%M%Sz)`,
    `mkdir -p "$results/shards" || exit 104`,
    `files=${word(tarWords(filesOf(run, options.executable)))}`,
    `remote=${word(remoteScript(run, options))}`,
    "export start_at results files remote",
    `PARALLEL_SHELL=/bin/sh parallel --jobs 0 --link --halt never --line-buffer --tagstring {2} \\`,
    `  ${word(localScript(run))} \\`,
    `  ::: ${numbers.join(" ")} \\`,
    `  ::: ${hosts.map(sshDestination).map(word).join(" ")} </dev/null`,
    `exec ${word(options.executable)} merge "$results/shards" --out="$results"`,
  ];
  return `${lines.join("\n")}\n`;
}

/** Another program of that name (moreutils has one) would start something else for each host. */
const GNU_PARALLEL = 'case "$(parallel --version 2>/dev/null </dev/null)" in "GNU parallel"*) ;; ' +
  '*) echo "This wants GNU parallel (a package of that name): parallel is another program here, or none" >&2; exit 104 ;; esac';

/** Each from its own folder, so that it lies in one there. */
function tarWords(files: readonly string[]): string {
  return words(files.flatMap((path) => ["-C", dirname(path), here(path)]));
}

function here(path: string): string {
  return `./${basename(path)}`;
}

/** For each host, here. Secrets are in no command line: they are the first lines of what ssh reads. */
function localScript(run: SharedRun): string {
  const secrets = neededSecrets(run).map((name) => `"$${name}"`).join(" ");
  const first = secrets === "" ? "" : `printf "%s\\n" ${secrets}; `;
  return [
    `{ ${first}eval "tar -chf - $files"; } |`,
    `ssh -o BatchMode=yes {2} "shard={1} start_at=$start_at; $remote" >"$results/shard-{1}.tar";`,
    `code=$?;`,
    `tar -xf "$results/shard-{1}.tar" -C "$results/shards" && rm "$results/shard-{1}.tar";`,
    `exit $code`,
  ].join(" ");
}

/**
 * On a host. Without a terminal nobody tells a process that its ssh is gone: whoever is its parent is looked at each
 * second, and the load ends when that is another.
 */
function remoteScript(run: SharedRun, { hosts, executable }: SshOptions): string {
  const plan = run.plan.file === undefined ? run.plan.shipped : here(run.plan.file);
  const planned = runArguments(run, plan, run.ca && here(run.ca.path));
  const secrets = neededSecrets(run);
  // For the load alone: a plan's variable may have the name of one of these lines, or of one that the shell goes by.
  const assigned = [
    ...secrets.map((name, at) => `${name}="$secret_${at}"`),
    ...run.variables.filter(({ isSecret }) => !isSecret)
      .map(({ name, value = "" }) => `${name}=${word(value)}`),
  ];
  return [
    "umask 077",
    `folder=$(mktemp -d) && cd "$folder" || exit 107`,
    // However it ends, nothing is left: neither a load nor a file.
    `trap 'kill $load $watch 2>/dev/null; cd / && rm -rf "$folder"' EXIT`,
    "trap 'exit 105' HUP INT PIPE TERM",
    ...secrets.map((_, at) => `IFS= read -r secret_${at}`),
    "tar -xf - && mkdir shards || exit 107",
    `parent() { ps -o ppid= -p $$; }`,
    "above=$(parent)",
    `${[...assigned, word(here(executable))].join(" ")} ${
      words(planned)
    } --shard="$shard/${hosts.length}" ` +
    `--start-at="$start_at" --out="shards/${
      shardFolder("$shard", hosts.length)
    }" --quiet </dev/null >&2 & load=$!`,
    `{ while [ "$(parent)" = "$above" ]; do sleep 1; done; kill $load; } </dev/null >/dev/null 2>&1 & watch=$!`,
    "wait $load; code=$?",
    "tar -cf - -C shards .",
    "exit $code",
  ].join("\n");
}
