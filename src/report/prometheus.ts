/**
 * A run in Prometheus' text format (0.0.4), for the textfile collector of node_exporter: gauges of the last run, in base
 * units (seconds, shares 0..1). Nothing here is a counter, since the next run begins at nought.
 */
import type { Stats, Summary } from "../metrics/summary_schema.ts";
import { rounded } from "../metrics/stats.ts";
import { oneLine } from "./style.ts";
import { scenariosOf, seriesOf } from "./words.ts";

type Labels = Readonly<Record<string, string>>;
type Sample = readonly [labels: Labels, value: number];

interface Family {
  readonly name: string;
  readonly help: string;
  readonly samples: readonly Sample[];
}

const QUANTILES = [["0.5", "p50"], ["0.9", "p90"], ["0.95", "p95"], ["0.99", "p99"], [
  "1",
  "max",
]] as const;

export function renderPrometheus(summary: Summary): string {
  return [...runFamilies(summary), ...seriesFamilies(summary), ...verdictFamilies(summary)]
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
  const each = (of: (series: (typeof all)[number]["series"]) => number): Sample[] =>
    all.map(({ labels, series }) => [labels, of(series)]);
  const times = (of: (series: (typeof all)[number]["series"]) => Stats | null): Sample[] =>
    all.flatMap(({ labels, series }) => quantiles(labels, of(series)));
  return [
    gauge("finished", "Finished iterations (requests, for a step).", each(({ count }) => count)),
    gauge("failed", "Failed ones among the finished.", each(({ failed }) => failed)),
    gauge("rate", "Finished per second.", each(({ rate_per_s }) => rate_per_s)),
    gauge(
      "failures",
      "Failures by class.",
      all.flatMap(({ labels, series }) =>
        series.failures.map((
          failure,
        ): Sample => [{ ...labels, class: failure.class }, failure.count])
      ),
    ),
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
    gauge(
      "response_time_seconds",
      "Planned instant to last byte; quantile 1 is the maximum.",
      times((series) => series.response_time_ms),
    ),
    gauge(
      "service_time_seconds",
      "Send to last byte.",
      times((series) => series.service_time_ms),
    ),
    gauge("lag_seconds", "The generator's own lateness.", times((series) => series.lag_ms)),
    gauge(
      "tls_handshake_seconds",
      "TLS handshakes of new connections.",
      times((series) => series.phases.tls_handshake_ms),
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
  return { name: `certload_${name}`, help, samples };
}

function optional(labels: Labels, value: number | null | undefined): Sample[] {
  return value === null || value === undefined ? [] : [[labels, value]];
}

function quantiles(labels: Labels, stats: Stats | null): Sample[] {
  if (!stats) return [];
  return QUANTILES.map((
    [quantile, key],
  ) => [{ ...labels, quantile }, rounded(stats[key] / 1000, 7)]);
}

function familyText({ name, help, samples }: Family): string {
  const lines = samples.map(([labels, value]) => `${name}${labelText(labels)} ${value}\n`);
  return `# HELP ${name} ${help}\n# TYPE ${name} gauge\n${lines.join("")}`;
}

function labelText(labels: Labels): string {
  const pairs = Object.entries(labels).map(([key, value]) => `${key}="${escapeLabel(value)}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

function escapeLabel(text: string): string {
  return oneLine(text).replaceAll("\\", "\\\\").replaceAll('"', '\\"');
}
