/** A cluster of Slurm on loopback: one controller and some nodes, all of this host, in a folder of its own. */
import { join } from "node:path";
import { findProgram } from "../programs.ts";
import { freePort } from "../servers/daemon.ts";
import { type Process, run, startProcess, until } from "./process.ts";

export interface SlurmCluster extends AsyncDisposable {
  /** Hands a script to it as `sbatch` does, in this folder and environment, and gives its exit code once it has ended. */
  submit(
    script: string,
    options: { readonly cwd: string; readonly env: Readonly<Record<string, string>> },
  ): Promise<number>;
}

/** Wants root: a node's daemon starts processes as whoever submitted them. */
export async function startSlurm(nodes: number, folder: string): Promise<SlurmCluster> {
  const at = (name: string): string => join(folder, name);
  const started: Process[] = [];
  const start = (name: string, ...args: string[]): void => {
    const log = at(`${name}-${started.length}.log`);
    started.push(
      startProcess([findProgram(name)!, ...args], log, { SLURM_CONF: at("slurm.conf") }),
    );
  };
  const stop = async (): Promise<void> => {
    for (const process of started.reverse()) await process.stop();
  };
  try {
    await Deno.chmod(folder, 0o755);
    for (const each of ["state", "spool"]) await Deno.mkdir(at(each));
    await Deno.writeFile(at("munge.key"), crypto.getRandomValues(new Uint8Array(1024)), {
      mode: 0o400,
    });
    await Deno.writeTextFile(at("slurm.conf"), configuration(nodes, folder));
    start("munged", "--foreground", "--force", ...mungeFiles(folder));
    await until("munged's socket", () => isThere(at("munge.socket")));
    start("slurmctld", "-D", "-f", at("slurm.conf"));
    for (let node = 1; node <= nodes; node++) {
      start("slurmd", "-D", "-f", at("slurm.conf"), "-N", `n${node}`);
    }
    const env = { SLURM_CONF: at("slurm.conf") };
    await until("Slurm's nodes", async () => {
      const { stdout } = await run([findProgram("sinfo")!, "-h", "-t", "idle", "-o", "%D"], {
        env,
      });
      return Number(stdout) === nodes;
    });
    return {
      submit: (script, options) => submit(script, options.cwd, { ...options.env, ...env }),
      [Symbol.asyncDispose]: stop,
    };
  } catch (error) {
    await stop();
    throw new Error(`Slurm did not start: ${error}\n${await logsOf(folder)}`);
  }
}

async function submit(script: string, cwd: string, env: Record<string, string>): Promise<number> {
  const submitted = await run([findProgram("sbatch")!, "--parsable", script], { cwd, env });
  const id = submitted.stdout.trim();
  if (submitted.code !== 0) throw new Error(`sbatch refused it: ${submitted.stderr}`);
  let code: number | undefined;
  await until("the job's end", async () => {
    const { stdout } = await run([findProgram("scontrol")!, "show", "--oneliner", "job", id], {
      env,
    });
    const [, state, exit] = /JobState=(\w+).* ExitCode=(\d+):/.exec(stdout) ?? [];
    code = /COMPLETED|FAILED|CANCELLED|TIMEOUT/.test(state ?? "") ? Number(exit) : undefined;
    return code !== undefined;
  }, 60_000);
  return code!;
}

function mungeFiles(folder: string): string[] {
  return [
    `--key-file=${join(folder, "munge.key")}`,
    `--socket=${join(folder, "munge.socket")}`,
    `--pid-file=${join(folder, "munged.pid")}`,
    `--seed-file=${join(folder, "munged.seed")}`,
    `--log-file=${join(folder, "munged.log")}`,
  ];
}

function configuration(nodes: number, folder: string): string {
  const host = Deno.hostname();
  const ports = Array.from({ length: nodes }, freePort);
  return `ClusterName=test
SlurmctldHost=${host}(127.0.0.1)
SlurmUser=root
SlurmctldPort=${freePort()}
AuthType=auth/munge
CredType=cred/munge
AuthInfo=socket=${join(folder, "munge.socket")}
StateSaveLocation=${join(folder, "state")}
SlurmdSpoolDir=${join(folder, "spool")}/%n
SlurmctldPidFile=${join(folder, "slurmctld.pid")}
SlurmdPidFile=${join(folder, "slurmd.%n.pid")}
ProctrackType=proctrack/pgid
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
SwitchType=switch/none
MpiDefault=none
MailProg=/bin/true
ReturnToService=2
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SlurmdParameters=config_overrides
SchedulerParameters=batch_sched_delay=0,sched_min_interval=0
${
    ports.map((port, at) =>
      `NodeName=n${
        at + 1
      } NodeHostname=${host} NodeAddr=127.0.0.1 Port=${port} CPUs=2 RealMemory=4096`
    ).join("\n")
  }
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
`;
}

async function isThere(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}

async function logsOf(folder: string): Promise<string> {
  const logs = [...Deno.readDirSync(folder)].filter(({ name }) => name.endsWith(".log"));
  const texts = await Promise.all(
    logs.map(async ({ name }) =>
      `${name}:\n${(await Deno.readTextFile(join(folder, name))).slice(-1_000)}`
    ),
  );
  return texts.join("\n");
}
