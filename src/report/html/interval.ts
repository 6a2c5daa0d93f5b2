/** An interval of change as a small picture: the allowed band, the interval, the change, and nought. */
import type { ComparedFigure } from "../../metrics/summary_schema.ts";
import { rounded } from "../../metrics/stats.ts";
import { ALLOWED_ERRORS } from "../../verdict/compare.ts";
import { html, type Markup } from "./markup.ts";

const WIDTH = 160;
const HEIGHT = 16;

/** Shown from -50 % to +50 %, of error rates from -5 to +5 points; what is beyond is cut off at the edge. */
export function intervalPicture(figure: ComparedFigure, allow: number): Markup {
  const { low, high, change, measure } = figure;
  if (low === null || high === null || change === null) return html``;
  const [reach, band] = measure === "error_rate" ? [0.05, ALLOWED_ERRORS] : [0.5, allow];
  const x = (value: number): number => {
    const share = (Math.max(-reach, Math.min(reach, value)) + reach) / (2 * reach);
    return Math.round(share * WIDTH * 10) / 10;
  };
  const middle = HEIGHT / 2;
  return html`
    <svg class="interval" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}"
      aria-hidden="true">
      <rect class="allowed" x="${x(-band)}" width="${rounded(
        x(band) - x(-band),
      )}" y="0" height="${HEIGHT}" />
      <line class="zero" x1="${x(0)}" x2="${x(0)}" y1="0" y2="${HEIGHT}" />
      <line class="span" x1="${x(low)}" x2="${x(high)}" y1="${middle}" y2="${middle}" />
      <circle class="change" cx="${x(change)}" cy="${middle}" r="3.5" />
    </svg>
  `;
}
