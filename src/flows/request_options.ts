/** Options of requests that a plan describes itself, as parts of schemas. */
import { z } from "zod";
import { headers } from "../plan/headers.ts";
import { httpUrl } from "../plan/url.ts";
import { mediaType, method, statuses } from "./options.ts";

/** Fields of a JSON answer and what they must be. */
export const jsonFields = z.record(z.string(), z.unknown()).describe(
  "Fields (dots go deeper, numbers into lists) and the value each must have; null: it must be there",
);

const expectOptions = z.strictObject({
  status: statuses().describe("Accepted status or statuses"),
  content_type: mediaType().optional().describe("Media type without parameters"),
  json: jsonFields.optional(),
});

/** All but `path`, of which a sequence takes more. */
export const requestOptions = {
  method: method.default("GET").describe("In capitals"),
  url: httpUrl().optional().describe("Absolute; the target's token is not sent to it"),
  headers: headers().describe("In place of the target's and the built-in ones of that name"),
  body: z.union([z.string(), z.record(z.string(), z.unknown()), z.array(z.unknown())]).optional()
    .describe(
      "Text, or a structure that is sent as JSON; {id}, {index}, {user}, {run}, {now} are filled in",
    ),
  new_connection: z.boolean().default(false).describe("A new connection for every request"),
  expect: expectOptions.prefault({}),
};

export interface RequestOptions {
  readonly method: z.output<typeof method>;
  readonly path?: string | undefined;
  readonly url?: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Readonly<Record<string, unknown>> | readonly unknown[] | undefined;
  readonly new_connection: boolean;
  readonly expect: z.output<typeof expectOptions>;
}

interface Addresses {
  readonly path?: string | undefined;
  readonly url?: string | undefined;
}

export function hasOneAddress({ path, url }: Addresses): boolean {
  return (path === undefined) !== (url === undefined);
}

export const NEEDS_ADDRESS = { error: "needs one of `path` and `url`" };

/** For editors: one key without the other. */
export const ONE_ADDRESS = { anyOf: [only("path", "url"), only("url", "path")] };

function only(one: string, other: string): Record<string, unknown> {
  return { type: "object", properties: { [one]: {}, [other]: false }, required: [one] };
}
