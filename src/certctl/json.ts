/** Reading certctl's answers: what is missing or of another kind is a sentence, never an exception. */
import { shortened } from "../http/expectation.ts";

export type Fields = Readonly<Record<string, unknown>>;

export function textOf(fields: Fields, name: string): string | undefined {
  const value = fields[name];
  return typeof value === "string" ? value : undefined;
}

/** 0 where there is none: certctl counts leave out nothing, and other servers' zeros. */
export function countOf(fields: Fields, name: string): number {
  const value = fields[name];
  return typeof value === "number" && Number.isFinite(value) ? value : 0;
}

/** The objects of a list; certctl writes an empty one as null. A sentence where it is neither. */
export function objectsOf(fields: Fields, name: string): readonly Fields[] | string {
  const value = fields[name];
  if (value === null || value === undefined) return [];
  if (!Array.isArray(value)) return `expected a list in "${name}", got ${shown(value)}`;
  return value.filter((each): each is Fields => typeof each === "object" && each !== null);
}

/** Each object of a list as `read` has it; the first that cannot be read is the complaint. */
export function listOf<T>(
  fields: Fields,
  name: string,
  read: (each: Fields) => T | string,
): readonly T[] | string {
  const objects = objectsOf(fields, name);
  if (typeof objects === "string") return objects;
  const values: T[] = [];
  for (const each of objects) {
    const value = read(each);
    if (typeof value === "string") return `in "${name}": ${value}`;
    values.push(value);
  }
  return values;
}

export function missing(name: string, fields: Fields): string {
  return `expected a text in "${name}": ${shown(fields)}`;
}

function shown(value: unknown): string {
  return shortened(JSON.stringify(value) ?? "nothing");
}
