/** Quantiles of the normal and of Student's t distribution. */

/**
 * The value that a standard normal variable stays below with probability `p`, to 1e-9: P. J. Acklam's rational
 * approximation (2003).
 */
export function normalQuantile(p: number): number {
  if (p <= 0) return -Infinity;
  if (p >= 1) return Infinity;
  if (p > 0.5) return -normalQuantile(1 - p);
  return p < 0.02425 ? tail(Math.sqrt(-2 * Math.log(p))) : centre(p - 0.5);
}

function centre(q: number): number {
  const r = q * q;
  const numerator = polynomial(r, [
    -39.69683028665376,
    220.9460984245205,
    -275.9285104469687,
    138.357751867269,
    -30.66479806614716,
    2.506628277459239,
  ]);
  const denominator = polynomial(r, [
    -54.47609879822406,
    161.5858368580409,
    -155.6989798598866,
    66.80131188771972,
    -13.28068155288572,
    1,
  ]);
  return (q * numerator) / denominator;
}

function tail(q: number): number {
  const numerator = polynomial(q, [
    -0.007784894002430293,
    -0.3223964580411365,
    -2.400758277161838,
    -2.549732539343734,
    4.374664141464968,
    2.938163982698783,
  ]);
  const denominator = polynomial(q, [
    0.007784695709041462,
    0.3224671290700398,
    2.445134137142996,
    3.754408661907416,
    1,
  ]);
  return numerator / denominator;
}

/** Highest power first (Horner). */
function polynomial(x: number, coefficients: readonly number[]): number {
  return coefficients.reduce((sum, coefficient) => sum * x + coefficient, 0);
}

/**
 * The value that a t variable with `n` >= 3 degrees of freedom stays below with probability `p`: G. W. Hill, "Algorithm
 * 396: Student's t-quantiles", Communications of the ACM 13 (1970); the names are the paper's.
 */
export function studentQuantile(p: number, n: number): number {
  if (p < 0.5) return -studentQuantile(1 - p, n);
  const bothTails = 2 * (1 - p);
  const a = 1 / (n - 0.5);
  const b = 48 / a ** 2;
  let c = (((20700 * a) / b - 98) * a - 16) * a + 96.36;
  const d = ((94.5 / (b + c) - 3) / b + 1) * Math.sqrt((a * Math.PI) / 2) * n;
  let y = (d * bothTails) ** (2 / n);
  if (y > 0.05 + a) {
    const x = normalQuantile(bothTails / 2);
    y = x * x;
    if (n < 5) c += 0.3 * (n - 4.5) * (x + 0.6);
    c += (((0.05 * d * x - 5) * x - 7) * x - 2) * x + b;
    y = (((((0.4 * y + 6.3) * y + 36) * y + 94.5) / c - y - 3) / b + 1) * x;
    y = Math.expm1(a * y * y);
  } else {
    const e = (((n + 6) / (n * y) - 0.089 * d - 0.822) * (n + 2)) * 3;
    y = ((1 / e + 0.5 / (n + 4)) * y - 1) * ((n + 1) / (n + 2)) + 1 / y;
  }
  return Math.sqrt(n * y);
}
