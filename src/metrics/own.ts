/**
 * What a record holds under a name that others chose: `constructor` and the like are names, too, and an object has
 * something under each that nobody put there.
 */
export function own<Value>(
  record: Readonly<Record<string, Value>> | undefined,
  name: string,
): Value | undefined {
  return record !== undefined && Object.hasOwn(record, name) ? record[name] : undefined;
}
