/** Values of which many are alike, as summaries of one plan's machines are in all but their figures. */

/**
 * The same as `value`, with each part that is also in `other` at its place taken from there: what is not looked at by its
 * identity costs the room of its differences.
 *
 * ```ts
 * import { assertEquals, assertStrictEquals } from "@std/assert";
 *
 * const first = { host: "a", plan: { name: "x" } };
 * const shared = sharing({ host: "b", plan: { name: "x" } }, first);
 * assertEquals(shared, { host: "b", plan: { name: "x" } });
 * assertStrictEquals(shared.plan, first.plan);
 * ```
 */
export function sharing<T>(value: T, other: unknown): T {
  if (value === other) return other as T;
  if (!isObject(value) || !isObject(other) || Array.isArray(value) !== Array.isArray(other)) {
    return value;
  }
  const [keys, others] = [Object.keys(value), Object.keys(other)];
  const parts = keys.map((key) =>
    Object.hasOwn(other, key) ? sharing(value[key], other[key]) : value[key]
  );
  // Keys in another order make another file.
  const isSame = keys.length === others.length &&
    keys.every((key, at) => key === others[at] && parts[at] === other[key]);
  if (isSame) return other as T;
  if (Array.isArray(value)) return parts as T;
  return Object.fromEntries(keys.map((key, at) => [key, parts[at]])) as T;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
