/** Adding up what was counted by name. */
export type Counts = Readonly<Partial<Record<string, number>>>;

export function addCounts<Named extends Counts>(a: Named, b: Named): Record<keyof Named, number> {
  const sum: Partial<Record<string, number>> = { ...a };
  for (const [key, count] of Object.entries(b)) sum[key] = (sum[key] ?? 0) + (count ?? 0);
  return sum as Record<keyof Named, number>;
}
