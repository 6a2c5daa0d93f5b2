/** `certload conform DIRECTORY`: does an ACME server do what an RFC 8555 client depends on? */
import { z } from "zod";
import { timerClock, timerMs } from "../timer.ts";
import { isFailure } from "../http/failure.ts";
import { Attention } from "../conform/attention.ts";
import type { CaseResult } from "../conform/case.ts";
import { CASES, conform as examineAll } from "../conform/conform.ts";
import { renderResult, renderTotal } from "../conform/render.ts";
import { Subject } from "../conform/subject.ts";
import { type EnrollmentOptions, enrollmentOptions } from "../acme/enrollment.ts";
import type { SessionContext } from "../acme/session.ts";
import { nearest } from "../plan/near_miss.ts";
import { certificatesOf } from "../plan/trust.ts";
import { formatDuration, parseDuration } from "../plan/units.ts";
import { type Style, styleOf } from "../report/style.ts";
import type { FailureClass } from "../http/failure.ts";
import { unmeasuredClient } from "../http/client.ts";
import { EXIT_CODES } from "../verdict/exit.ts";
import { useColor } from "./color.ts";
import { command, type Outcome } from "./command.ts";
import type { CommandLine, FlagSpec } from "./flags.ts";
import type { Io } from "./io.ts";
import { messageOf } from "../message_of.ts";

const FLAGS: readonly FlagSpec[] = [
  { name: "ca", value: "FILE", help: "trust the certificate authorities in this PEM file" },
  { name: "insecure", help: "do not check the server's certificate: test systems only" },
  {
    name: "header",
    value: "NAME:VALUE",
    many: true,
    help: "send this with every request, for example authorization",
  },
  {
    name: "identifier",
    value: "NAME",
    help: "name or IP address to order; {id} is unique (default {id}.example.test)",
  },
  { name: "profile", value: "NAME", help: "certificate profile to ask for" },
  { name: "challenge", value: "TYPE", help: "http-01, tls-alpn-01 or dns-01, where one is wanted" },
  {
    name: "listen",
    value: "HOST:PORT",
    help: "where the challenge is answered; none: nobody looks",
  },
  { name: "dns", value: "HOST:PORT", help: "answer DNS here, with --dns-answer for every name" },
  { name: "dns-answer", value: "IPV4", help: "that address (default 127.0.0.1)" },
  {
    name: "eab-kid",
    value: "KID",
    help: "external account binding; its HMAC key in CERTLOAD_EAB_HMAC_KEY",
  },
  { name: "known", value: "CASES", help: "cases that may fail without consequence (comma list)" },
  {
    name: "timeout",
    value: "DURATION",
    help: "give up when the examination takes longer (default 10m)",
  },
  { name: "no-color", help: "no colour (also: NO_COLOR)" },
];

const SUMMARY =
  "Asks the ACME server at DIRECTORY what an RFC 8555 client depends on: register, order, certificate,\n" +
  "renewal information, revocation, and requests that must be refused. It creates accounts, orders and\n" +
  "certificates. Exit code 0 when every MUST holds, 99 when one does not or not all could be asked, 94 when\n" +
  "there is no ACME server.";

/** A request that takes longer is not answered. */
const REQUEST_TIMEOUT_MS = 30_000;
const DEFAULT_TIMEOUT_MS = 10 * 60_000;
const MAX_BODY_BYTES = 1024 * 1024;

export const conform = command({
  usage: "conform DIRECTORY [flags]",
  summary: SUMMARY,
  flags: FLAGS,
  positionals: ["DIRECTORY"],
  async run(line, io): Promise<Outcome> {
    const options = optionsOf(line, io.env);
    const caPem = readCa(line.value("ca"));
    const known = line.value("known")?.split(",").map((id) => id.trim()) ?? [];
    const timeoutMs = timeoutOf(line);
    const problems = [
      ...options.problems,
      ...(timeoutMs === undefined ? ["--timeout: must be a duration such as 90s or 10m"] : []),
      ...unknownCases(known),
      ...(caPem instanceof Error ? [caPem.message] : []),
    ];
    if (
      options.value === undefined || caPem instanceof Error || timeoutMs === undefined ||
      problems.length > 0
    ) return problems;
    const tls = { insecureSkipVerify: line.has("insecure"), caPem };
    const style = styleOf(useColor(line, io, io.outIsTerminal));
    const overdue = AbortSignal.timeout(timerMs(timeoutMs));
    const signal = AbortSignal.any([io.interrupt.soft, overdue]);
    const context = contextOf(options.value, tls, signal);
    return await examine(context, { known: new Set(known), style, timeoutMs }, io);
  },
});

/** What to do when the server could not be asked at all. */
const ADVICE: Partial<Record<FailureClass, string>> = {
  dns: "check the host name in DIRECTORY",
  connect_refused: "is the server running, and is the port in DIRECTORY right?",
  tls_verify: "name the certificate authority with --ca FILE (--insecure on a test system only)",
};

interface Examination {
  readonly known: ReadonlySet<string>;
  readonly style: Style;
  readonly timeoutMs: number;
}

async function examine(
  given: SessionContext<EnrollmentOptions>,
  { known, style, timeoutMs }: Examination,
  io: Io,
): Promise<number> {
  const { directory } = given.options;
  const attention = new Attention(given.client);
  const context = { ...given, client: attention };
  const { signal } = context;
  try {
    const subject = await Subject.open(context);
    if (signal.aborted) {
      if (!isFailure(subject)) await subject.close();
      return endedEarly(0, timeoutMs, io);
    }
    if (isFailure(subject)) {
      const advice = ADVICE[subject.class];
      io.err(
        `certload conform: cannot examine ${directory}: ${subject.message}` +
          `${advice === undefined ? "" : `; ${advice}`}\n`,
      );
      return EXIT_CODES.not_ready;
    }
    try {
      io.out(`ACME conformance of ${directory}\n\n`);
      const paint = paintOf(style);
      const onResult = (result: CaseResult): void => void io.out(renderResult(result, paint));
      const isLost = (): boolean => attention.lost !== undefined;
      const results = await examineAll({ subject, known, onResult, signal, isLost });
      io.out(renderTotal(results));
      if (signal.aborted) return endedEarly(results.length, timeoutMs, io);
      const { lost } = attention;
      if (lost !== undefined && results.length < CASES.length) {
        io.err(
          `certload conform: ended after ${results.length} of ${CASES.length} cases, because the ` +
            `server gives no answers any more: ${lost.message}\n`,
        );
        return EXIT_CODES.threshold;
      }
      const failed = results.some(({ outcome }) => outcome === "fail");
      return failed ? EXIT_CODES.threshold : EXIT_CODES.passed;
    } finally {
      await subject.close();
    }
  } finally {
    context.client.close();
  }
}

/** Told when not all cases could be asked; the exit code. */
function endedEarly(asked: number, timeoutMs: number, { err, interrupt }: Io): number {
  const cases = `after ${asked} of ${CASES.length} cases`;
  if (interrupt.soft.aborted) {
    err(`certload conform: interrupted ${cases}\n`);
    return EXIT_CODES.interrupted;
  }
  err(
    `certload conform: gave up ${cases}, because ${formatDuration(timeoutMs)} were over ` +
      `(--timeout): the server is too slow to be examined in that time\n`,
  );
  return EXIT_CODES.threshold;
}

function paintOf(style: Style): (mark: string, outcome: CaseResult["outcome"]) => string {
  const paints = { pass: style.good, fail: style.bad, warn: style.warn };
  return (mark, outcome) => (paints[outcome as keyof typeof paints] ?? style.faint)(mark);
}

function timeoutOf(line: CommandLine): number | undefined {
  const text = line.value("timeout");
  if (text === undefined) return DEFAULT_TIMEOUT_MS;
  const timeoutMs = parseDuration(text);
  return timeoutMs !== undefined && timeoutMs > 0 ? timeoutMs : undefined;
}

function contextOf(
  options: EnrollmentOptions,
  tls: { readonly insecureSkipVerify: boolean; readonly caPem?: string },
  signal: AbortSignal,
): SessionContext<EnrollmentOptions> {
  const client = unmeasuredClient({ tls, maxBodyBytes: MAX_BODY_BYTES });
  return {
    options,
    target: { baseUrl: options.directory },
    client,
    clock: timerClock,
    timeoutMs: REQUEST_TIMEOUT_MS,
    share: { index: 0, count: 1 },
    signal,
  };
}

interface ParsedOptions {
  readonly value?: EnrollmentOptions;
  readonly problems: readonly string[];
}

const schema = z.strictObject(enrollmentOptions);

/** The flags as the options of an enrollment, whose schema judges them. */
function optionsOf(line: CommandLine, env: Readonly<Record<string, string>>): ParsedOptions {
  const kid = line.value("eab-kid");
  const type = line.value("challenge");
  const directory = line.positionals[0] ?? "";
  if (!URL.canParse(directory)) return { problems: [`DIRECTORY: "${directory}" is no URL`] };
  const parsed = schema.safeParse({
    directory,
    headers: Object.fromEntries(line.values("header").map(headerOf)),
    accounts: "per_flow",
    prepare: false,
    identifiers: line.value("identifier"),
    profile: line.value("profile"),
    eab: kid === undefined ? undefined : { kid, hmac_key: env.CERTLOAD_EAB_HMAC_KEY ?? "" },
    challenge: type === undefined ? undefined : {
      type,
      listen: line.value("listen"),
      dns: line.value("dns"),
      dns_answer: line.value("dns-answer"),
    },
  });
  if (parsed.success) return { value: parsed.data, problems: [] };
  const problems = parsed.error.issues.map(({ path, message }) => `${flagOf(path)}: ${message}`);
  return { problems };
}

/** What the user wrote for an option: `challenge.dns_answer` is `--dns-answer`. */
function flagOf(path: readonly PropertyKey[]): string {
  const name = String(path.at(-1));
  if (name === "directory") return "DIRECTORY";
  if (name === "hmac_key") return "CERTLOAD_EAB_HMAC_KEY";
  if (name === "kid") return "--eab-kid";
  if (name === "type") return "--challenge";
  return `--${name.replace("identifiers", "identifier").replaceAll("_", "-")}`;
}

function unknownCases(known: readonly string[]): string[] {
  const ids = CASES.map(({ id }) => id);
  return known.filter((id) => !ids.includes(id)).map((id) => {
    const close = nearest(id, ids);
    return `--known: no case is named "${id}"${close ? `: did you mean ${close}?` : ""}`;
  });
}

function headerOf(text: string): [string, string] {
  const at = text.indexOf(":");
  return at < 0 ? [text, ""] : [text.slice(0, at).trim().toLowerCase(), text.slice(at + 1).trim()];
}

function readCa(path: string | undefined): string | undefined | Error {
  if (path === undefined) return undefined;
  try {
    return certificatesOf(Deno.readTextFileSync(path)) ??
      new Error(`--ca: ${path} has no certificate in PEM`);
  } catch (error) {
    return new Error(
      `--ca: cannot read ${path}: ${messageOf(error)}`,
    );
  }
}
