/** What the text and the page of a search say alike. */
import type { Usl } from "../../capacity/usl.ts";
import { formatPercent, formatRate, formatSeconds, significant } from "../../metrics/format.ts";
import { exitMark } from "../marks.ts";
import { plural } from "../words.ts";
import type { CapacityReport } from "./document.ts";

/** `PASSED` is the word of what was asked for; where nothing was, it is the answer that counts. */
export function headMark(report: CapacityReport): ReturnType<typeof exitMark> {
  const mark = exitMark(report);
  return report.requiredPerS === null && mark.tone === "good"
    ? { ...mark, word: "CAPACITY" }
    : mark;
}

/** `certctl load test, scenario create`. */
export function searchedText({ plan, scenario }: CapacityReport): string {
  return `${plan.name}, ${scenario === null ? "the whole mix" : `scenario ${scenario}`}`;
}

/** `137/s`, `at least 137/s`, `nothing`. */
export function heldText({ answer: { knee, atLeast } }: CapacityReport): string {
  if (knee === 0) return "nothing";
  return `${atLeast ? "at least " : ""}${formatRate(knee)}`;
}

export function gaveOutText({ answer: { who, limiter, atLeast } }: CapacityReport): string {
  if (who === "none") return atLeast ? "nobody" : "not decided";
  return limiter ? "a limiter (policy)" : `the ${who}`;
}

/** By what levels were judged: what, and how much may lie beyond. */
export function limitRows(
  { limits }: Pick<CapacityReport, "limits">,
): [text: string, allowed: string][] {
  return [
    ...limits.limits.map(({ text, allowed }): [string, string] => [
      text,
      allowed === 0 ? "not a single one" : `at most ${formatPercent(allowed)}`,
    ]),
    ...limits.unjudged.map(({ text, reason }): [string, string] => [
      text,
      `not judged, as it ${reason}`,
    ]),
  ];
}

export const LAW_NOTE = "X(N) = λN / (1 + σ(N - 1) + κN(N - 1)), N in flight; with 95 % intervals";

/** The law's coefficients, and what they mean. */
export function lawRows(usl: Usl): [name: string, text: string][] {
  const { lambda, sigma, kappa, intervals, rSquared, peak } = usl;
  const between = ({ low, high }: { low: number; high: number }): string =>
    `${significant(low)} to ${significant(high)}`;
  const rows: [string, string][] = [
    ["λ", `${significant(lambda)}/s with one in flight (${between(intervals.lambda)})`],
    ["σ", `${significant(sigma)} waits for its turn (${between(intervals.sigma)})`],
    ["κ", `${significant(kappa)} waits for the others (${between(intervals.kappa)})`],
    ["R²", significant(rSquared)],
  ];
  if (peak === null) return rows;
  const inFlight = significant(peak.inFlight);
  return [...rows, ["most", `${formatRate(peak.perS)} with ${inFlight} in flight`]];
}

/** What somebody else needs to search it again. */
export function methodRows(report: CapacityReport): [name: string, text: string][] {
  const { methodology, plan, startedAt, answer, arrivals, seed, version } = report;
  const { target, stack, hardware, os, runtime, notes } = methodology;
  const runtimes = Object.entries(runtime).map(([name, version]) => `${name} ${version}`);
  return [
    ["plan", `${plan.source}, sha256 ${plan.sha256.slice(0, 16)}`],
    [
      "target",
      [
        target.base_url,
        target.version === null ? "" : `version ${target.version}`,
        target.lab ? "the embedded lab" : "",
        target.identity ?? "",
      ].filter(Boolean).join(", "),
    ],
    ["stack", [stack.name, stack.description].filter(Boolean).join(": ")],
    [
      "started",
      `${startedAt}, took ${formatSeconds(answer.elapsedMs / 1000)}, ${
        plural(answer.levels.length, "level")
      }`,
    ],
    ["host", `${hardware.cpu_model}, ${hardware.cpu_count} CPUs, ${os.name} ${os.kernel}`],
    ["tool", [`certload ${version}`, ...runtimes].join(", ")],
    ["arrivals", arrivals === "even" ? "evenly spaced" : `Poisson, from seed ${seed} on`],
    ...notes.map((note): [string, string] => ["note", note]),
  ];
}
