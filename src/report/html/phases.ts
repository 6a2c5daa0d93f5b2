/** Where an average response time went, as a bar in parts. Averages add up; medians do not. */
import type { SummarySeries } from "../../metrics/summary_schema.ts";
import { formatMs } from "../../metrics/format.ts";
import { html, type Markup } from "./markup.ts";

interface Part {
  readonly name: string;
  readonly ms: number;
}

/** The parts of the average of all answered exchanges, in their order; what is over is the body and the flow's own. */
export function partsOf(series: SummarySeries): Part[] {
  const stats = series.response_time_ms;
  if (!stats) return [];
  const share = (of: { count: number; avg: number } | null): number =>
    of ? (of.avg * of.count) / stats.count : 0;
  const { dns_ms, connect_ms, tls_handshake_ms, ttfb_ms } = series.phases;
  const parts: Part[] = [
    { name: "lag", ms: share(series.lag_ms) },
    { name: "blocked", ms: share(series.blocked_ms) },
    { name: "dns", ms: share(dns_ms) },
    { name: "connect", ms: share(connect_ms) },
    { name: "tls", ms: share(tls_handshake_ms) },
    { name: "ttfb", ms: share(ttfb_ms) },
  ];
  const known = parts.reduce((sum, { ms }) => sum + ms, 0);
  return [...parts, { name: "rest", ms: Math.max(0, stats.avg - known) }]
    .filter(({ ms }) => ms > 0);
}

export function phaseBar(series: SummarySeries): Markup {
  const parts = partsOf(series);
  if (parts.length === 0) return html``;
  const total = parts.reduce((sum, { ms }) => sum + ms, 0);
  return html`
    <figure class="phases">
      <figcaption>Average response time ${formatMs(
        series.response_time_ms?.avg,
      )}, and where it went</figcaption>
      <div class="bar">${parts.map(({ name, ms }) =>
        html`<span class="part ${name}" style="flex-grow:${
          (ms / total).toFixed(5)
        }" title="${name} ${formatMs(ms)}"></span>`
      )}</div>
      <ul class="key">${parts.map(({ name, ms }) =>
        html`<li><span class="dot ${name}"></span>${name} <b>${formatMs(ms)}</b></li>`
      )}</ul>
    </figure>
  `;
}
