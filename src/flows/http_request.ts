/** `http_request`: any endpoint, described in the plan alone. The one-step case of `sequence`. */
import { z } from "zod";
import { urlPath } from "../plan/url.ts";
import type { FlowDefinition } from "./flow.ts";
import { changesOf } from "./planned_changes.ts";
import { plannedFlow } from "./planned_flow.ts";
import { hasOneAddress, NEEDS_ADDRESS, ONE_ADDRESS, requestOptions } from "./request_options.ts";
import { PLACEHOLDERS } from "./template.ts";

const STEP = "request";

const { method, ...others } = requestOptions;
const options = z.strictObject({
  method,
  path: urlPath().optional().describe("Below the target's base_url, with its token"),
  ...others,
}).refine(hasOneAddress, NEEDS_ADDRESS).meta(ONE_ADDRESS);

export const httpRequest: FlowDefinition<z.output<typeof options>> = {
  name: "http_request",
  summary: "One HTTP request as the plan describes it",
  tier: "api",
  options,
  placeholders: PLACEHOLDERS,
  changes: (options) => changesOf([{ name: STEP, ...options }]),
  serverUrl: ({ url }) => url,
  steps: () => [STEP],
  create: (context) => plannedFlow([{ name: STEP, ...context.options }], context),
};
