/** Command lines: a command lists its flags, and gets them parsed, or every problem with them at once. */
// @ts-types="./std_cli.d.ts"
import { parseArgs } from "@std/cli";
import { nearest } from "../plan/near_miss.ts";

export interface FlagSpec {
  readonly name: string;
  /** Placeholder of its value in the help; absent: a switch. */
  readonly value?: string;
  /** May be given more than once. */
  readonly many?: true;
  readonly short?: string;
  readonly help: string;
}

export interface CommandLine {
  readonly positionals: readonly string[];
  has(name: string): boolean;
  value(name: string): string | undefined;
  /** All values of a repeatable flag. */
  values(name: string): readonly string[];
}

type ParsedLine =
  | { readonly ok: true; readonly line: CommandLine }
  | { readonly ok: false; readonly problems: readonly string[] };

interface LineSpec {
  readonly flags: readonly FlagSpec[];
  /** Names of the positional arguments; one in brackets may be left out, one with `...` takes the rest. */
  readonly positionals: readonly string[];
}

export function parseLine(args: readonly string[], spec: LineSpec): ParsedLine {
  const problems: string[] = [];
  const valued = spec.flags.filter(({ value }) => value !== undefined);
  const parsed = parseArgs(withDashes(args, valued), {
    boolean: spec.flags.filter(({ value }) => value === undefined).map(({ name }) => name),
    string: [...valued.map(({ name }) => name), "_"],
    collect: valued.map(({ name }) => name),
    alias: Object.fromEntries(
      spec.flags.flatMap(({ name, short }) => short ? [[short, name]] : []),
    ),
    unknown: (argument, key) => {
      if (key !== undefined) problems.push(unknownFlag(argument, spec.flags));
      return key === undefined;
    },
  });
  for (const { name, value, many } of valued) {
    const given = valuesOf(parsed[name]);
    if (given.includes("")) problems.push(`--${name} needs a value: --${name} ${value}`);
    if (!many && given.length > 1) {
      problems.push(`--${name} was given ${given.length} times: once is enough`);
    }
  }
  problems.push(...switchesWithValue(args, spec.flags));
  // A flag's value that is empty, as of a variable that is not set, is left over; the flag has said so.
  const positionals = parsed._.map(String).filter((word) => word !== "");
  problems.push(...positionalProblems(positionals, spec.positionals));
  if (problems.length > 0) return { ok: false, problems };
  return {
    ok: true,
    line: {
      positionals,
      has: (name) => parsed[name] === true,
      value: (name) => valuesOf(parsed[name])[0],
      values: (name) => valuesOf(parsed[name]),
    },
  };
}

/** A `-` behind a flag with a value is that value, standard input; the parser takes it for the next flag. */
function withDashes(args: readonly string[], valued: readonly FlagSpec[]): string[] {
  const takesDash = (arg: string | undefined): boolean =>
    valued.some(({ name }) => arg === `--${name}`);
  const end = args.includes("--") ? args.indexOf("--") : args.length;
  return args.flatMap((arg, at) => {
    if (at >= end) return [arg];
    if (arg === "-" && takesDash(args[at - 1])) return [];
    return args[at + 1] === "-" && at + 1 < end && takesDash(arg) ? [`${arg}=-`] : [arg];
  });
}

function valuesOf(given: unknown): string[] {
  return Array.isArray(given) ? given.map(String) : [];
}

/** `--insecure=false` must not be taken for the opposite of what it says, or for nothing. */
function switchesWithValue(args: readonly string[], flags: readonly FlagSpec[]): string[] {
  return flags.filter(({ value }) => value === undefined).flatMap(({ name }) =>
    args.filter((arg) => arg.startsWith(`--${name}=`)).map(() =>
      `--${name} takes no value: give it, or leave it out`
    )
  );
}

function unknownFlag(argument: string, flags: readonly FlagSpec[]): string {
  const name = argument.replace(/^-+/, "").replace(/=.*$/s, "");
  const close = nearest(name, flags.map((flag) => flag.name));
  const hint = close === undefined ? "`--help` lists the flags" : `did you mean --${close}?`;
  return `unknown flag ${argument.replace(/=.*$/s, "")}: ${hint}`;
}

function positionalProblems(given: readonly string[], wanted: readonly string[]): string[] {
  const required = wanted.filter((name) => !name.startsWith("["));
  if (given.length < required.length) {
    const missing = required.slice(given.length);
    // Of several of a kind, the first is there.
    const words = missing.map((name) =>
      required.indexOf(name) < given.length ? `another ${name}` : name
    );
    return [`missing ${words.join(" and ")}`];
  }
  const takesRest = wanted.some((name) => name.includes("..."));
  if (given.length <= wanted.length || takesRest) return [];
  return given.slice(wanted.length).map((extra) => `unexpected argument ${JSON.stringify(extra)}`);
}

/** The help text of a command, from what it understands. */
export function helpText(usage: string, summary: string, flags: readonly FlagSpec[]): string {
  const left = flags.map(({ name, value, short }) =>
    `${short ? `-${short}, ` : ""}--${name}${value ? ` ${value}` : ""}`
  );
  const width = Math.max(0, ...left.map(({ length }) => length));
  const rows = flags.map(({ help }, at) => `  ${left[at]?.padEnd(width)}  ${help}`);
  return [`Usage: certload ${usage}`, "", summary, "", ...(rows.length ? ["Flags:", ...rows] : [])]
    .join("\n").trimEnd() + "\n";
}
