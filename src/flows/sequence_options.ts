/** Options of `sequence`, and all that can be wrong with them before a request is sent. */
import { z } from "zod";
import { JSON_POINTER } from "../http/json_pointer.ts";
import { compilePattern } from "../http/pattern.ts";
import { NAME as HEADER_NAME } from "../plan/headers.ts";
import { parseThreshold } from "../plan/threshold.ts";
import { urlPath } from "../plan/url.ts";
import { hasOneAddress, NEEDS_ADDRESS, ONE_ADDRESS, requestOptions } from "./request_options.ts";
import { sequenceProblems } from "./sequence_problems.ts";
import { WAIT_MEASURES, waitUntilOptions } from "./wait_until.ts";

const STEP_NAME = /^[A-Za-z][\w-]{0,63}$/;
const CAPTURE_NAME = /^[A-Za-z]\w{0,63}$/;
const MOST_STEPS = 50;

const stepName = z.string()
  .regex(STEP_NAME, "must begin with a letter and have letters, digits, _ and - alone, at most 64")
  .refine(isThresholdStep, { error: "is a word of thresholds: call the step something else" })
  .describe("What reports and thresholds call it");

/** A step that thresholds could not name would be one without limits. */
function isThresholdStep(name: string): boolean {
  if (!STEP_NAME.test(name)) return true;
  return ["p95 < 1s", "count > 1", "rate > 1/s"].every((rest) => {
    const parsed = parseThreshold(`${name} ${rest}`, [name], WAIT_MEASURES);
    return parsed.ok && parsed.threshold.step === name;
  });
}

const regex = z.string().superRefine((source, { addIssue }) => {
  const pattern = compilePattern(source);
  if (typeof pattern === "object") addIssue({ code: "custom", message: pattern.problem });
});

/** Who has written a path with dots is shown the pointer. */
const pointer = z.string().superRefine((text, { addIssue }) => {
  if (JSON_POINTER.test(text)) return;
  const message = "must be a JSON pointer (RFC 6901): empty, or beginning with / as in /items/0/id";
  const path = /^(?:\$?\.)?([\w-]+(?:\.[\w-]+)*)$/.exec(text)?.[1];
  const instead = path && `/${path.replaceAll(".", "/")}`;
  addIssue({ code: "custom", message, params: instead ? { instead } : {} });
}).meta({ pattern: JSON_POINTER.source });

const capture = z.strictObject({
  json: pointer.optional().describe("JSON pointer (RFC 6901) into the body: `/items/0/id`"),
  header: z.string().regex(HEADER_NAME, "must be a header name").optional()
    .describe("Name of a header"),
  regex: regex.optional().describe(
    "Regular expression (RE2's syntax) with one group, matched with the body's first 65536 characters, or with the " +
      "header's where one is named",
  ),
}).refine(
  ({ json, header, regex }) =>
    json === undefined
      ? header !== undefined || regex !== undefined
      : header === undefined && regex === undefined,
  {
    error: "needs `json`, or one or both of `header` and `regex`",
  },
);

const captureName = z.string()
  .regex(CAPTURE_NAME, "must begin with a letter and have letters, digits and _ alone");

/** `{location}`, or a path that begins with a slash. */
const stepPath = z.union([z.string().regex(/^\{\w+\}/), urlPath()], {
  error: "must start with /, or with a captured value as in {location}",
});

const { method, ...others } = requestOptions;

const step = z.strictObject({
  name: stepName,
  method,
  path: stepPath.optional().describe(
    "Below the target's base_url, with its token; or a captured link on the target: {location}",
  ),
  ...others,
  capture: z.record(captureName, capture).default({}).describe(
    "Values of the answer, by the names that later steps have in braces: each `{ json: POINTER }` (RFC 6901), " +
      "`{ header: NAME }`, `{ regex: PATTERN }` (RE2's syntax, one group), or a header with a pattern",
  ),
  wait_until: waitUntilOptions.optional().describe(
    "Ask again until an answer is so; the step's timings are those of the whole wait",
  ),
}).refine(hasOneAddress, NEEDS_ADDRESS).meta(ONE_ADDRESS);

const list = z.array(step).max(MOST_STEPS);

export const sequenceOptions = z.strictObject({
  steps: list.min(1).describe(
    "What one arrival does, in this order; it ends with the first failure",
  ),
  setup: list.default([]).describe(
    "Steps made once, unmeasured, before the clock; what they capture every arrival has",
  ),
  teardown: list.default([]).describe(
    "Steps made once, unmeasured, after the load, whatever happens",
  ),
}).check(sequenceProblems());

export type SequenceOptions = z.output<typeof sequenceOptions>;
