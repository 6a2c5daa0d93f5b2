/** Options that flows share, as parts of their schemas. */
import { z } from "zod";

/** Of a final answer: interim ones (1xx) are no answers (RFC 9110 section 15.2). */
const status = z.int().min(200).max(599);

/** One status or several; the output is a list. */
export function statusList(): z.ZodUnion<readonly z.ZodType<number[]>[]> {
  // Written back as it was read: a list of one as its only status.
  const one = z.codec(status, z.array(status).length(1), {
    decode: (only) => [only],
    encode: (list) => list[0]!,
  });
  return z.union([one, z.array(status).min(1)], {
    error: "must be a status from 200 to 599, or a list of such",
  });
}

/** The same, 200 where nothing is said. */
export function statuses(): z.ZodPrefault<z.ZodUnion<readonly z.ZodType<number[]>[]>> {
  return statusList().prefault(200);
}

const MEDIA_TYPE = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+\/[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** A media type in lower case, as answers' types are compared: without parameters. */
export function mediaType(): z.ZodType<string, string> {
  return z.string().superRefine((text, { addIssue }) => {
    if (MEDIA_TYPE.test(text)) return;
    const [type = ""] = text.split(";");
    const message = "must be a media type without parameters, such as application/json";
    const isType = MEDIA_TYPE.test(type.trim());
    addIssue({ code: "custom", message, params: isType ? { instead: type.trim() } : {} });
  }).toLowerCase().meta({ pattern: MEDIA_TYPE.source });
}

/** Methods that a request with an address of its own can have: the registered ones that are in use, and PURGE. */
const METHODS = [
  "GET",
  "HEAD",
  "POST",
  "PUT",
  "PATCH",
  "DELETE",
  "OPTIONS",
  "TRACE",
  "QUERY",
  "PROPFIND",
  "PROPPATCH",
  "MKCOL",
  "COPY",
  "MOVE",
  "LOCK",
  "UNLOCK",
  "REPORT",
  "SEARCH",
  "PURGE",
] as const;

/** Methods have a case (RFC 9110 section 9.1). */
export const method = z.enum(METHODS);
