/** Reading certctl's answers: what is missing or of another kind is a sentence, never an exception. */
import { shortened } from "../http/expectation.ts";

export type Fields = Readonly<Record<string, unknown>>;

export function textOf(fields: Fields, name: string): string | undefined {
  const value = fields[name];
  return typeof value === "string" ? value : undefined;
}

/** Of a resource, as it becomes a part of paths. */
const LONGEST_ID = 256;

/** A sentence where it is missing, or would lead a path elsewhere (`.`, `..`; RFC 3986 section 5.2.4). */
export function idOf(fields: Fields, name: string): { readonly id: string } | string {
  const id = textOf(fields, name);
  if (!id) return missing(name, fields);
  if (id.length > LONGEST_ID) return `expected an id in "${name}", got ${id.length} characters`;
  return id === "." || id === ".." ? `expected an id in "${name}", got ${shown(id)}` : { id };
}

/** 0 where there is none: other servers leave zeros out. A sentence where it is nothing that can be counted. */
export function countOf(fields: Fields, name: string): number | string {
  const value = fields[name] ?? 0;
  if (Number.isSafeInteger(value) && value as number >= 0) return value as number;
  return `expected a count in "${name}", got ${shown(value)}`;
}

/** All of them by their own names, or the first complaint. */
export function countsOf<Name extends string>(
  fields: Fields,
  names: Readonly<Record<Name, string>>,
): Readonly<Record<Name, number>> | string {
  const counts: Partial<Record<Name, number>> = {};
  for (const name of Object.keys(names) as Name[]) {
    const count = countOf(fields, names[name]);
    if (typeof count === "string") return count;
    counts[name] = count;
  }
  return counts as Record<Name, number>;
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
