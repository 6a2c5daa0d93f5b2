/**
 * Is the run fit to say anything of the target? Judged apart from pass and fail, from the summary alone, by the rules of
 * `validity_rules.ts`. A reason makes the run `invalid`, a warning does not. Each names its cause: the generator could not
 * carry the load, or the server was so slow that arrivals found `max_in_flight` under way.
 */
import type { Finding, Measured, ThresholdResult, Validity } from "../metrics/summary_schema.ts";
import { type FindingCode, type Found, RULES } from "./validity_rules.ts";

/** Names in one finding before the rest are only counted. */
const NAMES_SHOWN = 6;

type Told = Found & Pick<Finding, "cause" | "advice"> & { readonly code: FindingCode };

interface ValidityOptions {
  /** It is all that there is of the run: what machines that share it did not send is missing. */
  readonly isWhole?: boolean;
}

/** Thresholds tell which percentiles somebody relies on; without them no sample size is doubted. */
export function validityOf(
  measured: Measured,
  thresholds: readonly ThresholdResult[] = [],
  { isWhole = false }: ValidityOptions = {},
): Validity {
  const codes = Object.keys(RULES) as FindingCode[];
  const found = codes.flatMap((code) => {
    const { cause, advice, find } = RULES[code];
    return find({ measured, thresholds, isWhole }).map((one): Told => ({
      cause,
      advice,
      ...one,
      code,
    }));
  });
  const told = underSaturatedHost(found, isTryOut(measured));
  const reasons = together(told.filter(({ invalid }) => invalid));
  return {
    verdict: reasons.length > 0 ? "invalid" : "valid",
    reasons,
    warnings: together(told.filter(({ invalid }) => !invalid)),
  };
}

/** Findings that say the same of several scenarios are one: the worst with its figures, the others by name. */
function together(told: readonly Told[]): Finding[] {
  const groups = Map.groupBy(
    told,
    ({ code, cause, advice, detail }) => JSON.stringify([code, cause, advice, detail]),
  );
  return Array.from(groups.values(), (group) => {
    const [worst, ...others] = group.toSorted((a, b) => b.weight - a.weight);
    const { code, cause, message, advice } = worst!;
    const scenarios = [worst!, ...others].flatMap((one) => one.scenarios ?? []);
    const likewise = others.length === 0 ? "" : ` (likewise ${namesOf(others)})`;
    return {
      code,
      cause,
      scenarios: Array.from(new Set(scenarios)),
      message: message + likewise,
      advice,
    };
  });
}

/** `"a", "b" and 3 more` */
function namesOf(told: readonly Told[]): string {
  const names = told.map(({ subject }) => subject);
  const more = names.length - NAMES_SHOWN;
  const shown = names.slice(0, NAMES_SHOWN).join(", ");
  return more > 0 ? `${shown} and ${more} more` : shown;
}

/**
 * The run started the embedded lab, on this host: a try-out, whose figures say nothing of a server that anybody has, and
 * are marked so.
 */
function isTryOut({ methodology }: Measured): boolean {
  return methodology.stack.name === "embedded";
}

/**
 * Where the host had no CPU left, that is the first thing to know, and it is told once: it comes before all else, among
 * the reasons where the generator has given one, and remarks on what followed from it are a part of it. In a try-out what
 * followed is a remark whatever its size: whoever tries the tool on a busy host has done nothing wrong.
 */
function underSaturatedHost(told: readonly Told[], tryOut: boolean): Told[] {
  if (!told.some(({ code }) => code === "host_cpu")) return [...told];
  const follows = (one: Told): boolean => (tryOut || !one.invalid) && one.consequence !== undefined;
  const consequences = together(
    told.filter(follows).map((one) => ({ ...one, message: one.consequence! })),
  );
  const invalid = told.some((one) =>
    one.invalid && one.cause === "generator" && one.code !== "generator_lost" && !follows(one)
  );
  const so = consequences.length === 0
    ? ""
    : `; for want of a core the generator ${
      consequences.map(({ message }) => message).join(", and ")
    }`;
  const scenarios = Array.from(new Set(consequences.flatMap(({ scenarios }) => scenarios)));
  return told.filter((one) => !follows(one)).map((one) =>
    one.code === "host_cpu" ? { ...one, invalid, scenarios, message: one.message + so } : one
  );
}
