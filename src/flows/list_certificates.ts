/** `list_certificates`: GET /api/v1/certificates, the most used read; 200 and a `data` array expected. */
import { z } from "zod";
import type { Expectation, FlowDefinition } from "./flow.ts";
import { requireField } from "../http/json_body.ts";
import { apiHeaders, apiUrl } from "../http/api_headers.ts";

const options = z.strictObject({
  per_page: z.int().min(1).max(500).default(50).describe("Certificates of a page"),
  page: z.int().min(1).default(1).describe("Which page"),
});

type Options = z.output<typeof options>;

const LISTED: Expectation = {
  status: [200],
  contentType: "application/json",
  check: requireField("data", "an array", Array.isArray),
};

export const listCertificates: FlowDefinition<Options> = {
  name: "list_certificates",
  summary: "GET /api/v1/certificates?per_page=N; 200 and a data array expected",
  tier: "api",
  options,
  changes: () => "idempotent",
  steps: () => ["list"],
  create: ({ target, options }) => {
    const query = new URLSearchParams({ per_page: String(options.per_page) });
    if (options.page > 1) query.set("page", String(options.page));
    const url = apiUrl(target, `/api/v1/certificates?${query}`);
    const request = { method: "GET", url, headers: apiHeaders(target, url) };
    return {
      run: async (iteration) => (await iteration.step("list", request, LISTED)).failure,
    };
  },
};
