/** A search for capacity on a terminal or in capacity.txt: the answer first, then what it rests on. */
import { answerSentences, perSecondText } from "../../capacity/answer.ts";
import type { Refusal, Usl } from "../../capacity/usl.ts";
import { formatPercent, formatRate, significant } from "../../metrics/format.ts";
import { block, item, type Page, pageOf, type TextOptions, title } from "../text/page.ts";
import type { CapacityReport } from "./document.ts";
import { levelsLines } from "./levels.ts";

export function capacityText(report: CapacityReport, options?: TextOptions): string {
  const page = pageOf(options);
  const parts = [headLines(report, page), answerLines(report, page), levelLines(report, page)];
  return [...parts, limitLines(report, page), scalabilityLines(report.answer.usl, page)]
    .filter((part) => part.length > 0)
    .map((part) => `${part.join("\n")}\n`).join("\n");
}

function headLines(report: CapacityReport, page: Page): string[] {
  const { methodology: { target, stack, hardware, os }, plan, startedAt } = report;
  const what = report.scenario === null ? "the whole mix" : `scenario ${report.scenario}`;
  const version = target.version === null ? "" : ` (${target.version})`;
  const server = stack.name === "none" ? "" : `, ${stack.description}`;
  const host = `${hardware.cpu_model}, ${hardware.cpu_count} CPUs, ${os.name} ${os.kernel}`;
  const spacing = report.arrivals === "even"
    ? "evenly spaced arrivals"
    : `Poisson arrivals from seed ${report.seed} on`;
  return [
    ...title("certload capacity", `${plan.name}, ${what}`, page),
    ...block(`${target.base_url}${version}${server}`, page, { first: 2 }),
    ...block(`from ${host}, ${startedAt.slice(0, 19)}Z, ${spacing}`, page, { first: 2 }),
  ];
}

function answerLines({ answer, exit, requiredPerS }: CapacityReport, page: Page): string[] {
  const [first = "", ...more] = answerSentences(answer, perSecondText);
  const { strong } = page.style;
  const required = requiredPerS === null ? [] : [`${exit.reason}.`];
  return [
    ...block(first, page, { paint: strong }),
    ...[...more, ...required].flatMap((sentence) => block(sentence, page)),
  ];
}

function levelLines({ answer: { levels } }: CapacityReport, page: Page): string[] {
  const lines = levelsLines(levels, page.width - 2);
  return [
    ...title("Levels", "in the order in which they were run; rates per second", page),
    ...lines.map((line) => `  ${line}`),
  ];
}

function limitLines({ limits: { limits, unjudged } }: CapacityReport, page: Page): string[] {
  return [
    ...title("Limits", "a level holds while no more than this lies beyond", page),
    ...limits.flatMap(({ text, allowed }) => item("-", `${text}: ${formatPercent(allowed)}`, page)),
    ...unjudged.flatMap(({ text, reason }) =>
      item("-", `${text}: not judged, as it ${reason}`, page)
    ),
  ];
}

function scalabilityLines(usl: Usl | Refusal, page: Page): string[] {
  const name = "Scalability law";
  if ("refused" in usl) return title(name, `not fitted: ${usl.refused}`, page);
  const { lambda, sigma, kappa, intervals, rSquared, peak } = usl;
  const between = (of: keyof typeof intervals): string =>
    `${significant(intervals[of].low)} to ${significant(intervals[of].high)}`;
  return [
    ...title(
      name,
      "X(N) = λN / (1 + σ(N - 1) + κN(N - 1)), N in flight; with 95 % intervals",
      page,
    ),
    ...item("-", `λ ${significant(lambda)}/s of a single one (${between("lambda")})`, page),
    ...item("-", `σ ${significant(sigma)} (${between("sigma")}): what waits for its turn`, page),
    ...item("-", `κ ${significant(kappa)} (${between("kappa")}): what waits for the others`, page),
    ...(peak === null ? [] : item(
      "-",
      `the most is ${formatRate(peak.perS)} with ${significant(peak.inFlight)} in flight`,
      page,
    )),
    ...item("-", `R² ${significant(rSquared)}`, page),
  ];
}
