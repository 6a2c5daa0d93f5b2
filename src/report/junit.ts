/**
 * JUnit XML for CI: a suite for each scenario with a case for each of its thresholds, one for the whole run's, one for
 * the run's validity, and one for a comparison with a case for each figure. A threshold that failed is a failure; a run
 * that must not be judged is an error, which is what JUnit calls a test that could not be carried out.
 */
import { otherTargets } from "../metrics/scenarios.ts";
import { serverText } from "./methodology.ts";
import type { Summary, ThresholdResult } from "../metrics/summary_schema.ts";
import { changeText, figureName, figureValue, intervalText } from "./comparison.ts";
import { isRelative } from "../verdict/relative.ts";
import { harmless } from "../terminal.ts";
import {
  inUnit,
  judgedThresholds,
  partOfRun,
  RESPONSE_TIME_NOTE,
  thresholdValue,
  whereOf,
} from "./words.ts";

interface Case {
  readonly name: string;
  readonly outcome: "passed" | "failure" | "error" | "skipped";
  /** Stable name of what went wrong. */
  readonly type?: string;
  readonly message?: string;
  readonly detail?: string;
}

interface Suite {
  readonly name: string;
  /** Where that is not the run's. */
  readonly target?: string;
  readonly cases: readonly Case[];
}

/**
 * A summary as JUnit XML for CI servers: a test case for each threshold, validity rule and figure of a comparison; times in seconds.
 *
 * ```ts
 * import { assertStringIncludes } from "@std/assert";
 * import { readSummary } from "../metrics/read_summary.ts";
 *
 * const file = "docs/examples/summary.json";
 * const summary = readSummary(await Deno.readTextFile(file), file);
 * assertStringIncludes(renderJunit(summary), "<testsuites");
 * ```
 */
export function renderJunit(given: Summary): string {
  const summary = { ...given, thresholds: [...judgedThresholds(given)] };
  const suites = [
    validitySuite(summary),
    ...thresholdSuites(summary),
    ...comparisonSuite(summary),
  ];
  const time = summary.duration_s.toFixed(3);
  const timestamp = summary.started_at.replace(/\.\d+Z$/, "");
  const all = suites.flatMap(({ cases }) => cases);
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="${escapeXml(summary.plan.name)}"${counts(all)} time="${time}">`,
    ...suites.flatMap((suite) => [
      `  <testsuite name="${escapeXml(suite.name)}"${counts(suite.cases)} skipped="${
        number(suite.cases, "skipped")
      }" time="${time}" timestamp="${timestamp}">`,
      ...propertyLines(suite.target),
      ...suite.cases.flatMap((one) => caseLines(suite.name, one)),
      "  </testsuite>",
    ]),
    "</testsuites>",
    "",
  ].join("\n");
}

function validitySuite(summary: Summary): Suite {
  const { validity, interrupted } = summary;
  const whole: Case = interrupted
    ? {
      name: "the run is whole",
      outcome: "error",
      type: "interrupted",
      message: partOfRun(summary) ?? "interrupted",
    }
    : { name: "the run is whole", outcome: "passed" };
  const fit: Case = validity.verdict === "valid"
    ? { name: "the run is valid", outcome: "passed" }
    : {
      name: "the run is valid",
      outcome: "error",
      type: "invalid",
      message: validity.reasons[0]?.message ?? "invalid",
      detail: validity.reasons.map(({ message, advice }) => `${message}\n${advice}`).join("\n\n"),
    };
  return { name: "validity", cases: [whole, fit] };
}

function propertyLines(target: string | undefined): string[] {
  return target === undefined ? [] : [
    "    <properties>",
    `      <property name="target" value="${escapeXml(target)}"/>`,
    "    </properties>",
  ];
}

function thresholdSuites(summary: Summary): Suite[] {
  const { thresholds } = summary;
  const targets = new Map(
    otherTargets(summary).flatMap(({ target, scenarios }) =>
      scenarios.map((name) => [name, serverText(target)])
    ),
  );
  const suites = new Map<string, Case[]>();
  for (const threshold of thresholds) {
    const name = threshold.scenario ?? "whole run";
    suites.set(name, [...suites.get(name) ?? [], thresholdCase(threshold)]);
  }
  return Array.from(suites, ([name, cases]) => {
    const target = targets.get(name);
    return { name, cases, ...(target !== undefined && { target }) };
  });
}

function thresholdCase(threshold: ThresholdResult): Case {
  const { text: name, verdict } = threshold;
  // A relative limit is in the value's words already.
  const limit = threshold.limit === null || isRelative(threshold)
    ? ""
    : `, limit ${threshold.comparison} ${inUnit(threshold.limit, threshold.unit)}`;
  const of =
    threshold.quantity?.kind === "duration" && threshold.quantity.metric === "response_time"
      ? ` (${RESPONSE_TIME_NOTE})`
      : "";
  const message = `${whereOf(threshold)} ${threshold.measure}: ${
    thresholdValue(threshold)
  }${limit}${of}`;
  return { name, ...OUTCOMES[verdict], message };
}

const OUTCOMES: Readonly<Record<ThresholdResult["verdict"], Pick<Case, "outcome" | "type">>> = {
  pass: { outcome: "passed" },
  skipped: { outcome: "skipped" },
  cannot_tell: { outcome: "skipped" },
  fail: { outcome: "failure", type: "threshold" },
  no_data: { outcome: "failure", type: "no_data" },
  regressed: { outcome: "failure", type: "regression" },
};

function comparisonSuite({ comparison }: Summary): Suite[] {
  if (!comparison) return [];
  if (comparison.verdict === "refused") {
    const message = comparison.differences.filter(({ refusal }) => refusal)
      .map(({ message }) => message).join("; ");
    const refused: Case = { name: "comparable", outcome: "error", type: "refused", message };
    return [{ name: "comparison with the baseline", cases: [refused] }];
  }
  const cases = comparison.figures.map((figure): Case => {
    const name = figureName(figure);
    if (figure.verdict !== "regressed") return { name, outcome: "passed" };
    const message = `${figureValue(figure, figure.base)} to ${figureValue(figure, figure.next)}: ${
      changeText(figure, figure.change)
    }, ${intervalText(figure)}`;
    return { name, outcome: "failure", type: "regression", message };
  });
  return [{ name: "comparison with the baseline", cases }];
}

function caseLines(suite: string, { name, outcome, type, message, detail }: Case): string[] {
  const open = `    <testcase classname="certload.${escapeXml(suite)}" name="${
    escapeXml(name)
  }" time="0"`;
  if (outcome === "passed") return [`${open}/>`];
  const attributes = ` message="${escapeXml(message ?? "")}"` +
    (outcome === "skipped" ? "" : ` type="${escapeXml(type ?? outcome)}"`);
  return [
    `${open}>`,
    detail === undefined
      ? `      <${outcome}${attributes}/>`
      : `      <${outcome}${attributes}>${escapeXml(detail)}</${outcome}>`,
    "    </testcase>",
  ];
}

function counts(cases: readonly Case[]): string {
  return ` tests="${cases.length}" failures="${number(cases, "failure")}" errors="${
    number(cases, "error")
  }"`;
}

function number(cases: readonly Case[], outcome: Case["outcome"]): number {
  return cases.filter((one) => one.outcome === outcome).length;
}

/** Also drops what XML 1.0 cannot hold, section 2.2. */
export function escapeXml(text: string): string {
  const entities: Record<string, string> = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
    "'": "&apos;",
    "\n": "&#10;",
    "\t": "&#9;",
    "\r": "&#13;",
  };
  return harmless(text).replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, "�")
    .replace(/[&<>"'\n\t\r]/g, (character) => entities[character] ?? character);
}
