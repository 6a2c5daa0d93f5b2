/**
 * Numbers for people, each with its unit. Three significant digits, as many as the histograms have. The functions need
 * nothing but each other, so that they are fit to be put into a page as they are.
 */

/** `35 µs`, `1.24 ms`, `812 ms`, `2.5 s`; `-` for none. */
export function formatMs(ms: number | null | undefined): string {
  if (ms === null || ms === undefined) return "-";
  const size = Math.abs(ms);
  if (size === 0) return "0 ms";
  if (size < 0.9995) return `${significant(ms * 1000)} µs`;
  if (size < 999.5) return `${significant(ms)} ms`;
  return formatSeconds(ms / 1000);
}

/** `2.5 s`, `1 min 30 s`, `2 h 5 min`. */
export function formatSeconds(seconds: number): string {
  if (seconds < 59.95) return `${significant(seconds)} s`;
  const whole = Math.round(seconds);
  const [h, min, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  if (h > 0) return min > 0 ? `${h} h ${min} min` : `${h} h`;
  return s > 0 ? `${min} min ${s} s` : `${min} min`;
}

/** `15,000` */
export function formatCount(count: number): string {
  return Math.round(count).toString().replace(/\B(?=(\d{3})+$)/g, ",");
}

/** `50/s`, `0.5/s`, `1,234/s` */
export function formatRate(perSecond: number | null | undefined): string {
  if (perSecond === null || perSecond === undefined) return "-";
  return perSecond >= 999.5 ? `${formatCount(perSecond)}/s` : `${significant(perSecond)}/s`;
}

/** A share 0..1 as `0 %`, `0.33 %`, `< 0.01 %`, `12 %`: never 0 or 100 for what is not quite. */
export function formatPercent(share: number | null | undefined): string {
  if (share === null || share === undefined) return "-";
  const percent = share * 100;
  if (percent > 0 && percent < 0.01) return "< 0.01 %";
  if (percent < 100 && percent > 99.99) return "> 99.99 %";
  if (percent > 99) return `${Math.floor(percent * 100) / 100} %`;
  return `${significant(percent, percent < 10 ? 2 : 3)} %`;
}

/** CPU time by the time it took: `12 % of a core`, `1.5 cores`. */
export function formatCores(cores: number): string {
  return cores < 1 ? `${formatPercent(cores)} of a core` : `${significant(cores)} cores`;
}

/** `1.2 kB`, `3.4 MB`, in powers of 1000. */
export function formatBytes(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  const power = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, bytes)) / 3));
  return `${significant(bytes / 1000 ** power)} ${units[power]}`;
}

/** Memory sizes as people name them: `16 GiB`. */
export function formatMemory(bytes: number): string {
  const gib = bytes / 2 ** 30;
  return gib >= 1 ? `${significant(gib)} GiB` : `${significant(bytes / 2 ** 20)} MiB`;
}

/** Three significant digits without trailing zeros; whole numbers from 1,000 on stay whole. */
export function significant(value: number, digits = 3): string {
  if (value === 0) return "0";
  const decimals = Math.max(0, digits - 1 - Math.floor(Math.log10(Math.abs(value))));
  // Beyond six nothing that is measured here means anything, and digits would stand in exponent form.
  return String(Number(value.toFixed(Math.min(decimals, 6))));
}
