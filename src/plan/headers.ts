/** Header fields as a plan writes them. A field's name is one whatever its case (RFC 9110 section 5.1). */
import { z } from "zod";

export type Headers = Readonly<Record<string, string>>;

/** All fields of the maps; one of a later map replaces the field of that name in an earlier one, its spelling too. */
export function mergeHeaders(...maps: readonly Headers[]): Record<string, string> {
  const fields = new Map<string, [name: string, value: string]>();
  for (const map of maps) {
    for (const [name, value] of Object.entries(map)) fields.set(name.toLowerCase(), [name, value]);
  }
  return Object.fromEntries(fields.values());
}

/** The target's token as a header; nothing where it has none. */
export function authorization({ token }: { readonly token?: string }): Record<string, string> {
  return token === undefined ? {} : { authorization: `Bearer ${token}` };
}

/** RFC 9110 section 5.6.2 (token). */
export const NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
/** Fields that frame a message or name its target: the client writes them (`http/own/http1/request.ts`). */
const OWN_NAMES = ["connection", "content-length", "host", "transfer-encoding"];
/** RFC 9110 section 5.5: one byte a letter, and of the control characters the tab alone. */
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** Whether a header can carry it: one line of Latin-1. */
export function isHeaderValue(text: string): boolean {
  return VALUE.test(text);
}

/** For editors: a name that is not one of those. */
const NAME_PATTERN = `^(?!(?:${OWN_NAMES.map(anyCase).join("|")})$)${NAME.source.slice(1)}`;

const name = z.string().regex(NAME, "must be a header name: letters, digits and - without spaces")
  .refine((text) => !OWN_NAMES.includes(text.toLowerCase()), {
    error: "cannot be set: certload writes this header itself",
  }).meta({ pattern: NAME_PATTERN });
const value = z.string()
  .regex(VALUE, "must be one line of Latin-1 text without control characters");

type HeadersSchema = z.ZodDefault<z.ZodRecord<typeof name, typeof value>>;

/** Schema of a map of headers; flows use it for their options. */
export function headers(): HeadersSchema {
  return z.record(name, value).check(namesAreDifferent()).default({});
}

/** A regular expression for the word, which has letters and hyphens, in any case. */
function anyCase(word: string): string {
  return word.replaceAll(/[a-z]/g, (letter) => `[${letter.toUpperCase()}${letter}]`);
}

/** Asked whatever else is wrong, as long as it is a map. */
function namesAreDifferent(): z.core.$ZodCheck<Record<string, string>> {
  const check = z.check<Record<string, string>>(({ value, issues }) => {
    const spellings = new Map<string, string>();
    for (const name of Object.keys(value)) {
      const first = spellings.get(name.toLowerCase());
      if (first === undefined) spellings.set(name.toLowerCase(), name);
      else {
        const message = `is \`${first}\` again: header names are one whatever their case`;
        issues.push({ code: "custom", input: value, path: [name], message, params: { at: "key" } });
      }
    }
  });
  check._zod.def.when = ({ value }) => typeof value === "object" && value !== null;
  return check;
}
