/**
 * A run in Prometheus' text format (0.0.4), for the textfile collector of node_exporter: the last run's figures in base
 * units (seconds, bytes, shares 0..1). Durations are summaries, all else gauges: the next run begins at nought.
 */
import type { Stats, Summary, SummaryScenario } from "../metrics/summary_schema.ts";
import { rounded } from "../metrics/stats.ts";
import { oneLine } from "./style.ts";
import { scenariosOf } from "../metrics/scenarios.ts";
import { seriesOf } from "./words.ts";

type Labels = Readonly<Record<string, string>>;
type Sample = readonly [labels: Labels, value: number, suffix?: string];

interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: "gauge" | "summary";
  readonly samples: readonly Sample[];
}

const QUANTILES = [["0.5", "p50"], ["0.9", "p90"], ["0.95", "p95"], ["0.99", "p99"]] as const;

/** Of seconds these are microseconds; more would be the noise of binary fractions. */
const DECIMALS = 6;

/**
 * A summary in Prometheus' text format, in base units (seconds, bytes), counters and gauges of this one run.
 *
 * ```ts
 * import { assertStringIncludes } from "@std/assert";
 * import { readSummary } from "../metrics/read_summary.ts";
 *
 * const file = "docs/examples/summary.json";
 * const summary = readSummary(await Deno.readTextFile(file), file);
 * assertStringIncludes(renderPrometheus(summary), "# TYPE certload_");
 * ```
 */
export function renderPrometheus(summary: Summary): string {
  return [
    ...runFamilies(summary),
    ...seriesFamilies(summary),
    ...ownFamilies(summary),
    ...verdictFamilies(summary),
  ]
    .filter(({ samples }) => samples.length > 0).map(familyText).join("");
}

function runFamilies(summary: Summary): Family[] {
  const { plan, methodology: { target }, tool, totals } = summary;
  const info = {
    plan: plan.name,
    plan_sha256: plan.sha256,
    target: target.base_url,
    target_version: target.version ?? "",
    lab: String(target.lab),
    tool_version: tool.version,
  };
  return [
    gauge("run_info", "The run that the other figures are of.", [[info, 1]]),
    gauge(
      "scenario_target_info",
      "The server that a scenario asked.",
      scenariosOf(summary).flatMap(([scenario, { target }]): Sample[] =>
        target === null ? [] : [[{
          scenario,
          target: target.origin,
          target_version: target.version ?? "",
          lab: String(target.lab),
        }, 1]]
      ),
    ),
    gauge("started_timestamp_seconds", "When the run started, seconds since 1970.", [
      [{}, Date.parse(summary.started_at) / 1000],
    ]),
    gauge("duration_seconds", "How long the run took.", [[{}, summary.duration_s]]),
    gauge("run_error_ratio", "Failed share of all iterations.", optional({}, totals.error_rate)),
  ];
}

function seriesFamilies(summary: Summary): Family[] {
  const all = scenariosOf(summary).flatMap(([name, data]) =>
    seriesOf(name, data).map(({ step, series }) => ({
      labels: { scenario: name, ...(step === null ? {} : { step }) },
      series,
    }))
  );
  const scenarios = scenariosOf(summary).map(([scenario, data]) => ({
    labels: { scenario },
    data,
  }));
  type Series = (typeof all)[number]["series"];
  const each = (of: (series: Series) => number): Sample[] =>
    all.map(({ labels, series }) => [labels, of(series)]);
  /** A sample for each entry, which a label tells apart. */
  const by = (label: string, of: (series: Series) => readonly [string, number][]): Sample[] =>
    all.flatMap(({ labels, series }) =>
      of(series).map(([value, count]): Sample => [{ ...labels, [label]: value }, count])
    );
  const times = (name: string, help: string, of: (series: Series) => Stats | null): Family[] => [
    {
      ...gauge(`${name}_seconds`, `${help}.`, all.flatMap((one) => summaryOf(one, of))),
      type: "summary",
    },
    gauge(
      `${name}_max_seconds`,
      `${help}: the largest.`,
      all.flatMap(({ labels, series }) => optional(labels, seconds(of(series)?.max))),
    ),
  ];
  return [
    gauge("finished", "Finished iterations (requests, for a step).", each(({ count }) => count)),
    gauge("failed", "Failed ones among the finished.", each(({ failed }) => failed)),
    gauge("rate", "Finished per second.", each(({ rate_per_s }) => rate_per_s)),
    gauge(
      "failures",
      "Failures by class.",
      by("class", ({ failures }) => failures.map((one) => [one.class, one.count])),
    ),
    gauge(
      "answers",
      "Answers by status.",
      by("status", ({ statuses }) => Object.entries(statuses)),
    ),
    gauge(
      "connections",
      "Requests on new and on reused connections.",
      by("state", ({ connections }) => Object.entries(connections)),
    ),
    gauge("sent_bytes", "Bytes sent.", each(({ bytes_sent }) => bytes_sent)),
    gauge("received_bytes", "Bytes received.", each(({ bytes_received }) => bytes_received)),
    gauge(
      "offered_rate",
      "Arrivals per second that the plan asked for.",
      scenarios.flatMap(({ labels, data }) => optional(labels, data.offered?.rate_per_s)),
    ),
    gauge(
      "dropped",
      "Arrivals that were not sent.",
      scenarios.map(({ labels, data }) => [labels, data.dropped]),
    ),
    ...times(
      "response_time",
      "Planned instant to last byte, of answers as expected and of timeouts",
      ({ response_time_ms }) => response_time_ms,
    ),
    ...times(
      "failed_time",
      "Planned instant to the failure, of all others that failed",
      ({ failed_time_ms }) => failed_time_ms,
    ),
    ...times("service_time", "Send to last byte", ({ service_time_ms }) => service_time_ms),
    ...times("lag", "The generator's own lateness", ({ lag_ms }) => lag_ms),
    ...times(
      "tls_handshake",
      "TLS handshakes of new connections",
      ({ phases }) => phases.tls_handshake_ms,
    ),
  ];
}

/** What flows measure themselves, each by its name. */
function ownFamilies(summary: Summary): Family[] {
  const all = scenariosOf(summary);
  const each = <T>(
    of: (scenario: SummaryScenario) => Readonly<Record<string, T>>,
    samples: (labels: Labels, value: T) => Sample[],
    label = "name",
  ): Sample[] =>
    all.flatMap(([scenario, data]) =>
      Object.entries(of(data)).flatMap(([name, value]) =>
        samples({ scenario, [label]: name }, value)
      )
    );
  const observed = (help: string): string => `Durations that a flow names itself${help}.`;
  return [
    {
      ...gauge(
        "observed_seconds",
        observed(""),
        each(
          ({ observed }) => observed,
          (labels, { stats_ms }) => summaryOf({ labels, series: stats_ms }, (stats) => stats),
        ),
      ),
      type: "summary",
    },
    gauge(
      "observed_max_seconds",
      observed(": the largest"),
      each(({ observed }) => observed, (labels, { stats_ms }) => [[labels, stats_ms.max / 1000]]),
    ),
    gauge(
      "counted",
      "What a flow counts by names of its own.",
      each(({ counters }) => counters, (labels, value) => [[labels, value]]),
    ),
    gauge(
      "level_max",
      "Values over time that a flow names itself: the greatest.",
      each(
        ({ gauges }) => gauges,
        (labels, slices) =>
          slices.length === 0 ? [] : [[labels, Math.max(...slices.map(({ max }) => max))]],
      ),
    ),
    gauge(
      "level_last",
      "Values over time that a flow names itself: the last.",
      each(({ gauges }) => gauges, (labels, slices) => optional(labels, slices.at(-1)?.last)),
    ),
    gauge(
      "deployments",
      "Deployments by what became of them.",
      each(
        ({ deployment_verdicts }) => deployment_verdicts,
        (labels, count) => optional(labels, count),
        "verdict",
      ),
    ),
  ];
}

function verdictFamilies({ thresholds, validity, exit }: Summary): Family[] {
  return [
    gauge(
      "threshold_held",
      "1 where the threshold held, 0 where it failed or had no sample.",
      thresholds.filter(({ verdict }) => !["skipped", "cannot_tell"].includes(verdict)).map((
        threshold,
      ): Sample => [
        {
          ...(threshold.scenario === null ? {} : { scenario: threshold.scenario }),
          ...(threshold.step === null ? {} : { step: threshold.step }),
          threshold: threshold.text,
        },
        threshold.verdict === "pass" ? 1 : 0,
      ]),
    ),
    gauge("run_valid", "1 where the run is fit to be judged.", [
      [{}, validity.verdict === "valid" ? 1 : 0],
    ]),
    gauge("exit_code", "As certload exited.", [[{ name: exit.name }, exit.code]]),
  ];
}

function gauge(name: string, help: string, samples: readonly Sample[]): Family {
  return { name: `certload_${name}`, help, type: "gauge", samples };
}

function optional(labels: Labels, value: number | null | undefined): Sample[] {
  return value === null || value === undefined ? [] : [[labels, value]];
}

function summaryOf<Series>(
  { labels, series }: { readonly labels: Labels; readonly series: Series },
  of: (series: Series) => Stats | null,
): Sample[] {
  const stats = of(series);
  if (!stats) return [];
  return [
    ...QUANTILES.map(([quantile, key]): Sample => [{ ...labels, quantile }, stats[key] / 1000]),
    [labels, (stats.avg * stats.count) / 1000, "_sum"],
    [labels, stats.count, "_count"],
  ];
}

function seconds(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : ms / 1000;
}

function familyText({ name, help, type, samples }: Family): string {
  const lines = samples.map(([labels, value, suffix = ""]) =>
    `${name}${suffix}${labelText(labels)} ${rounded(value, DECIMALS)}\n`
  );
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join("")}`;
}

function labelText(labels: Labels): string {
  const pairs = Object.entries(labels).map(([key, value]) => `${key}="${escapeLabel(value)}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

function escapeLabel(text: string): string {
  return oneLine(text).replaceAll("\\", "\\\\").replaceAll('"', '\\"');
}
