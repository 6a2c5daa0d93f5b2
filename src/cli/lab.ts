/** `certload lab`: the embedded certificate server in the foreground. The only importer of `src/lab`. */
import type { ZodType } from "zod";
import { acmeOptionsFromEnvironment } from "../lab/acme/environment.ts";
import { ACME_OPTIONS_SCHEMA } from "../lab/acme/options_schema.ts";
import { FAULTS_SCHEMA } from "../lab/faults_schema.ts";
import { labOptionsFromEnvironment } from "../lab/environment.ts";
import { type Lab, type LabAddresses, type LabOptions, startLab } from "../lab/lab.ts";
import { DEFAULT_ADMIN_TOKEN, DEFAULT_TOKEN } from "../lab/options.ts";
import { LAB_OPTIONS_SCHEMA } from "../lab/options_schema.ts";
import { SERVER_NAME } from "../lab/target_name.ts";
import type { StackEnvironment } from "../stack/stack.ts";
import { EXIT_CODES } from "../verdict/exit.ts";
import { command, type Outcome } from "./command.ts";
import type { CommandLine, FlagSpec } from "./flags.ts";
import { reasonOf } from "./host_error.ts";
import type { Io } from "./io.ts";
import { writeFile } from "./output_file.ts";
import { foreign } from "../terminal.ts";

const FLAGS: readonly FlagSpec[] = [
  { name: "hostname", value: "ADDRESS", help: "address to listen on (default 127.0.0.1)" },
  {
    name: "port",
    value: "SERVER=PORT",
    many: true,
    help: "of api, nginx, nginx-2, apache, haproxy, f5, ... or control (default: free ports)",
  },
  { name: "token", value: "T", help: `API key that it takes (default ${DEFAULT_TOKEN})` },
  {
    name: "admin-token",
    value: "T",
    help: `API key that bulk revocation wants (default ${DEFAULT_ADMIN_TOKEN})`,
  },
  {
    name: "options",
    value: "JSON",
    help: "targets, agents, scheduler, known limits and certctl's faults, over CERTLOAD_LAB",
  },
  { name: "no-demo", help: "without the demo rows: creating a certificate answers 500" },
  { name: "limiter", value: "RPS/BURST", help: "certctl's limiter by address (default off)" },
  { name: "database", value: "FILE", help: "SQLite file for the state (default: memory)" },
  { name: "faults", value: "JSON", help: "what it does wrong, as POST /lab/faults takes it" },
  {
    name: "acme",
    value: "JSON",
    help: "ACME settings, over the CERTCTL_ACME_SERVER_* variables",
  },
  { name: "ca-file", value: "FILE", help: "write the CA certificate that signs its servers' here" },
  { name: "json", help: "print one line of JSON, and end when standard input is closed, too" },
];

const SUMMARY =
  "Runs the embedded certificate server (REST API, TLS targets, ACME) until it is interrupted, and\n" +
  "prints its addresses. It is there to try and to test the tool: its speed says nothing of certctl's.";

export const lab = command({
  usage: "lab [flags]",
  summary: SUMMARY,
  flags: FLAGS,
  async run(line, io): Promise<Outcome> {
    const problems: string[] = [];
    const options = labOptions(line, io, problems);
    return problems.length > 0 ? problems : await serve(options, line, io);
  },
});

async function serve(
  options: LabOptions,
  line: CommandLine,
  io: Io,
): Promise<Outcome> {
  let running: Lab;
  try {
    running = await startLab(options);
  } catch (error) {
    const asked = ["hostname", "port", "database"].flatMap((flag) =>
      line.values(flag).map((value) => `--${flag} ${value}`)
    );
    const where = asked.length === 0 ? "" : ` (${asked.join(", ")})`;
    io.err(`Cannot start the lab: ${reasonOf(error)}${where}\n`);
    return EXIT_CODES.not_ready;
  }
  try {
    const caFile = line.value("ca-file");
    const problem = caFile && await writeFile(
      { path: caFile, what: "the CA certificate", flag: "--ca-file" },
      running.addresses.caPem,
    );
    if (problem) return [problem];
    announce(running.addresses, options, line, io);
    await Promise.race([interrupted(io), ...(line.has("json") ? [inputClosed()] : [])]);
  } finally {
    await running.close();
  }
  return EXIT_CODES.passed;
}

function announce(addresses: LabAddresses, options: LabOptions, line: CommandLine, io: Io): void {
  const environment = labEnvironment(addresses, options, line.value("ca-file"));
  const variables = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
  io.reveal(`${line.has("json") ? JSON.stringify({ environment }) : variables.join("\n")}\n`);
}

/** The variables that the shipped plans read. */
function labEnvironment(
  { api, acme, targets, metrics, control }: LabAddresses,
  { token = DEFAULT_TOKEN, adminToken = DEFAULT_ADMIN_TOKEN }: LabOptions,
  caFile: string | undefined,
): Omit<StackEnvironment, "CERTLOAD_CA_FILE"> & Readonly<Record<string, string>> {
  return {
    CERTCTL_BASE: api,
    CERTCTL_TOKEN: token,
    CERTCTL_ADMIN_TOKEN: adminToken,
    ...targetVariables(targets),
    CERTCTL_ACME_DIRECTORY: acme["prof-test"] ?? "",
    CERTLOAD_ACME_CHALLENGE_DIRECTORY: acme["prof-challenge"] ?? "",
    CERTLOAD_METRICS_URL: metrics,
    CERTLOAD_LAB_CONTROL: control,
    ...(caFile !== undefined && { CERTLOAD_CA_FILE: caFile }),
  };
}

/** `NGINX_TARGET_URL`, `NGINX_2_TARGET_URL`, ... */
function targetVariables(targets: LabAddresses["targets"]): TargetVariables {
  return Object.fromEntries(
    Object.entries(targets).map(([name, url]) => [
      `${name.toUpperCase().replace("-", "_")}_TARGET_URL`,
      new URL(url).origin,
    ]),
  ) as TargetVariables;
}

type TargetVariables = Pick<
  StackEnvironment,
  "NGINX_TARGET_URL" | "APACHE_TARGET_URL" | "HAPROXY_TARGET_URL" | "F5_TARGET_URL"
>;

function interrupted({ interrupt }: Io): Promise<void> {
  return new Promise((resolve) => {
    if (interrupt.soft.aborted) resolve();
    else interrupt.soft.addEventListener("abort", () => resolve(), { once: true });
  });
}

async function inputClosed(): Promise<void> {
  for await (const _ of Deno.stdin.readable) { /* Nothing is asked of it. */ }
}

function labOptions(line: CommandLine, io: Io, problems: string[]): LabOptions {
  const [hostname, token, adminToken, limiter, database] = [
    "hostname",
    "token",
    "admin-token",
    "limiter",
    "database",
  ].map((flag) => line.value(flag));
  const fromEnvironment = labOptionsFromEnvironment(io.env);
  const given = {
    ...checkedJson(io.env["CERTLOAD_LAB"], "CERTLOAD_LAB", LAB_OPTIONS_SCHEMA, problems),
    ...checkedFlag(line, "options", LAB_OPTIONS_SCHEMA, problems),
  };
  const acme = {
    ...acmeOptionsFromEnvironment(io.env),
    ...checkedFlag(line, "acme", ACME_OPTIONS_SCHEMA, problems),
  };
  const faults = checkedFlag(line, "faults", FAULTS_SCHEMA, problems);
  return {
    ...fromEnvironment,
    ...given,
    scheduler: { ...fromEnvironment.scheduler, ...given.scheduler },
    ...(hostname !== undefined && { hostname }),
    ports: portsFlag(line, problems),
    ...(token !== undefined && { token }),
    ...(adminToken !== undefined && { adminToken }),
    demo: !line.has("no-demo"),
    ...(limiter !== undefined && { limiter: parseLimiter(limiter, problems) }),
    ...(database !== undefined && { databasePath: database }),
    ...(faults !== undefined && { faults }),
    acme,
  };
}

function portsFlag(line: CommandLine, problems: string[]): Record<string, number> {
  const ports: Record<string, number> = {};
  for (const given of line.values("port")) {
    const [, server = "", port] = /^([a-z0-9-]+)=(\d{1,5})$/.exec(given) ?? [];
    if (server !== "control" && !SERVER_NAME.test(server) || Number(port) > 65_535) {
      problems.push(
        `--port ${given}: expected SERVER=PORT with api, nginx, apache, haproxy, f5 (nginx-2, ...) or control`,
      );
    } else ports[server] = Number(port);
  }
  return ports;
}

function parseLimiter(text: string, problems: string[]): NonNullable<LabOptions["limiter"]> {
  const [, rps, burst] = /^(\d+(?:\.\d+)?)\/(\d+)$/.exec(text) ?? [];
  if (rps === undefined) problems.push(`--limiter ${text}: expected RPS/BURST, for example 50/100`);
  return { requestsPerSecond: Number(rps), burst: Number(burst) };
}

/** A flag's JSON as its schema has it. */
function checkedFlag<T>(
  line: CommandLine,
  flag: string,
  schema: ZodType<T>,
  problems: string[],
): T | undefined {
  return checkedJson(line.value(flag), `--${flag}`, schema, problems);
}

function checkedJson<T>(
  text: string | undefined,
  name: string,
  schema: ZodType<T>,
  problems: string[],
): T | undefined {
  if (!text) return undefined;
  let given: unknown;
  try {
    given = JSON.parse(text);
  } catch {
    problems.push(`${name}: expected JSON, got ${foreign(text, 60)}`);
    return undefined;
  }
  const parsed = schema.safeParse(given);
  for (const { path, message } of parsed.error?.issues ?? []) {
    problems.push(`${name}: ${path.length > 0 ? `${path.join(".")}: ` : ""}${message}`);
  }
  return parsed.data;
}
