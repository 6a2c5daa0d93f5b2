/**
 * How a run ends, in one table: k6's codes where it has one, certload's own from 93 to 95. The code and its reason are
 * in summary.json too.
 */
import type { Comparison, Summary } from "../metrics/summary_schema.ts";
import { isBroken, whereOf } from "./thresholds.ts";
import { scenariosOf } from "../metrics/scenarios.ts";

export const EXIT_CODES = {
  /** Every threshold held, and the run was fit to tell. */
  passed: 0,
  /** One machine's part of a run is there; what the whole comes to is told by `certload merge`. */
  delivered: 0,
  /** Slower, or failing more, than the baseline by more than is allowed. */
  regression: 93,
  /** The target, the stack or the host did not get ready; no load was sent. */
  not_ready: 94,
  /** The figures do not describe the offered load; they say nothing of the target, good or bad. */
  invalid: 95,
  /** A threshold failed, or had no sample. */
  threshold: 99,
  /**
   * Plan, command line or a file named there is wrong; nothing was sent, and no result was touched. Also a run that
   * passed and whose results could not be written: it has not done what was asked.
   */
  bad_input: 104,
  /** Ended by SIGINT or SIGTERM; the summary is written and marked so. */
  interrupted: 105,
  /** A fault of certload itself. */
  internal: 107,
} as const;

export type ExitName = keyof typeof EXIT_CODES;

interface Exit {
  readonly code: number;
  readonly name: ExitName;
  /** One sentence. */
  readonly reason: string;
}

export function exit(name: ExitName, reason: string): Exit {
  return { code: EXIT_CODES[name], name, reason };
}

/**
 * The exit of one machine of those that share a run: whether it brought its part, and nothing of what is in it. What a part
 * comes to is not the run's, and an engine that starts a part again for its exit code would send its load twice.
 */
export function exitOfShard(
  { interrupted, shards }: Pick<Summary, "interrupted" | "shards">,
): Exit {
  const count = shards?.count ?? 1;
  const name = `Shard ${shards?.parts[0]?.index ?? 1} of ${count}`;
  const rest = "certload merge judges the whole";
  return interrupted
    ? exit("interrupted", `${name} was ended before its time; ${rest}`)
    : exit("delivered", `${name} has its part of the run; ${rest}`);
}

/** For stderr, where nothing else tells how it ended. */
export function verdictLine({ code, name, reason }: Summary["exit"]): string {
  return `certload: ${name} (exit code ${code}): ${reason}\n`;
}

/**
 * The exit of a run that was carried out. Order, and why:
 * 1. interrupted, before all verdicts, as in k6: whoever ended the run knows that it is not whole, and must be able to
 *    tell that from a verdict.
 * 2. invalid through the generator: a threshold may have failed by the generator's own lateness, so neither a pass nor
 *    a failure counts.
 * 3. threshold, or a scenario that nothing succeeded in and whose errors no threshold limits: a plan that only limits
 *    latency must not pass by fast refusals. When arrivals were dropped because the server was slow, the slowest
 *    response times are missing: the measured ones are lower bounds, and a limit that they break is broken for certain.
 * 4. invalid through the server: for the same reason a limit that they keep is not known to be kept.
 * 5. a baseline that was asked for and cannot be compared with is bad input: it must not look like no regression.
 * 6. regression, which only a valid run can show.
 */
export function exitOf(
  run: Pick<Summary, "interrupted" | "validity" | "thresholds" | "comparison" | "phases">,
): Exit {
  const { reasons } = run.validity;
  const byGenerator = reasons.find(({ cause }) => cause !== "server");
  const broken = run.thresholds.filter(isBroken);
  const { comparison, thresholds } = run;
  const regressions = [
    ...(comparison?.regressions ?? []),
    ...thresholds.filter(({ verdict }) => verdict === "regressed").map(regressedReason),
  ];
  if (run.interrupted) return exit("interrupted", "The run was ended before its time");
  if (byGenerator) return exit("invalid", byGenerator.message);
  if (broken.length > 0) return exit("threshold", thresholdReason(broken));
  const hopeless = hopelessScenario(run);
  if (hopeless !== undefined) return exit("threshold", hopeless);
  if (reasons[0]) return exit("invalid", reasons[0].message);
  if (comparison?.verdict === "refused") return exit("bad_input", refusedReason(comparison));
  if (regressions.length > 0) return exit("regression", regressionReason(regressions));
  return exit("passed", passedReason(thresholds));
}

function hopelessScenario(
  run: Pick<Summary, "phases" | "thresholds">,
): string | undefined {
  const limited = (name: string): boolean =>
    run.thresholds.some(({ measure, scenario }) =>
      measure === "error_rate" && (scenario === null || scenario === name)
    );
  for (const [name, { count, failed, failures }] of scenariosOf(run)) {
    if (count === 0 || failed < count || limited(name)) continue;
    const why = failures[0] ? `, first of all by ${failures[0].class}` : "";
    return `Nothing of "${name}" succeeded: all ${count} iterations failed${why}`;
  }
  return undefined;
}

function thresholdReason(broken: Summary["thresholds"]): string {
  const [first] = broken;
  const where = first ? whereOf(first) : "";
  const what = first?.verdict === "no_data" ? "had no sample" : "failed";
  const more = broken.length > 1 ? `, and ${broken.length - 1} more` : "";
  return `Threshold "${first?.text}" of ${where} ${what}${more}`;
}

function regressedReason(threshold: Summary["thresholds"][number]): string {
  return `Threshold "${threshold.text}" of ${whereOf(threshold)} is broken for certain`;
}

function refusedReason({ differences }: Comparison): string {
  const messages = differences.filter(({ refusal }) => refusal).map(({ message }) => message);
  return `The run was not compared with the baseline: ${messages.join("; ")}`;
}

function regressionReason(regressions: readonly string[]): string {
  const more = regressions.length > 1 ? `, and ${regressions.length - 1} more` : "";
  return `${regressions[0]}${more}`;
}

/** What was skipped or cannot be told is not said to have held. */
function passedReason(thresholds: Summary["thresholds"]): string {
  const of = (wanted: string): number =>
    thresholds.filter(({ verdict }) => verdict === wanted).length;
  const [held, skipped, untold] = [of("pass"), of("skipped"), of("cannot_tell")];
  if (thresholds.length === 0) return "The run was valid; the plan has no thresholds";
  if (held === thresholds.length) {
    return held === 1 ? "The threshold held" : `All ${held} thresholds held`;
  }
  return [
    `${held} of ${thresholds.length} thresholds held`,
    ...(skipped > 0 ? [`${skipped} had no baseline to be relative to`] : []),
    ...(untold > 0 ? [`${untold} cannot be told for certain`] : []),
  ].join(", ");
}
