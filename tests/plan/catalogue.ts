/** A small catalogue for the tests of this folder, and a way to load a plan's text against it. */
import { z } from "zod";
import type { Catalogue, FlowSignature } from "../../src/plan/catalogue.ts";
import { loadPlan, type PlanSource } from "../../src/plan/load_plan.ts";
import type { Plan } from "../../src/plan/plan.ts";
import { type Problem, renderProblem } from "../../src/plan/problem.ts";
import { duration } from "../../src/plan/units.ts";
import { assert } from "../assert.ts";

const FLOWS: readonly FlowSignature[] = [
  {
    name: "create_certificate",
    summary: "POST a certificate",
    tier: "api",
    options: z.strictObject({
      owner_id: z.string().default("o-alice"),
      domain: z.string().default("loadtest.example.com"),
      expires_in: duration().prefault("90d"),
    }),
    changes: () => "adds",
    steps: () => ["create"],
  },
  {
    name: "list_certificates",
    summary: "GET the certificates",
    tier: "api",
    options: z.strictObject({ per_page: z.int().min(1).max(500).default(50) }),
    changes: () => "idempotent",
    steps: () => ["list"],
  },
  {
    name: "tls_handshake",
    summary: "A handshake",
    tier: "connector",
    options: z.strictObject({
      target_type: z.enum(["nginx", "apache", "haproxy", "f5", "other"]).default("other"),
      url: z.url({ protocol: /^https$/, error: "must be an https:// URL" }),
      expect: z.strictObject({ name: z.string().optional() }).prefault({}),
    }),
    changes: () => "idempotent",
    serverUrl: (options) => (options as { url: string }).url,
    steps: () => ["handshake"],
  },
  {
    name: "acme_unauthenticated",
    summary: "Directory, nonce, renewal info",
    tier: "acme",
    options: z.strictObject({
      directory: z.string().min(1),
      headers: z.record(z.string(), z.string()).default({}),
      with_renewal_info: z.boolean().default(true),
    }),
    changes: () => "idempotent",
    serverUrl: (options) => (options as { directory: string }).directory,
    steps: (options) => {
      const { with_renewal_info: more } = options as { with_renewal_info: boolean };
      return ["directory", "new_nonce", ...(more ? ["renewal_info"] : [])];
    },
  },
  {
    name: "http_request",
    summary: "Any request",
    tier: "api",
    options: z.strictObject({
      path: z.string().startsWith("/").optional(),
      url: z.url().optional(),
      status: z.union([z.int(), z.array(z.int()).min(1)]).default(200),
    }).refine((given) => (given.path === undefined) !== (given.url === undefined), {
      error: "needs one of `path` and `url`",
    }),
    placeholders: ["id", "index", "user", "now"],
    changes: () => "idempotent",
    serverUrl: (options) => (options as { url?: string }).url,
    steps: () => ["request"],
  },
];

export const catalogue: Catalogue = new Map(FLOWS.map((flow) => [flow.name, flow]));

function missing(path: string): never {
  throw new Error(`No such file or directory (os error 2): readfile '${path}'`);
}

/** Loads `text` as `plan.yaml`, with no variables, flags or files but the given ones. */
export function load(text: string, parts: Partial<PlanSource> = {}): ReturnType<typeof loadPlan> {
  return loadPlan({ text, source: "plan.yaml", env: {}, catalogue, readFile: missing, ...parts });
}

export function planOf(text: string, parts: Partial<PlanSource> = {}): Plan {
  const loaded = load(text, parts);
  assert(loaded.ok, loaded.ok ? "" : loaded.problems.map(renderProblem).join("\n"));
  return loaded.plan;
}

export function problemsOf(text: string, parts: Partial<PlanSource> = {}): readonly Problem[] {
  const loaded = load(text, parts);
  assert(!loaded.ok, "the plan loads");
  return loaded.problems;
}

/** `line:column message [hint]` of each problem; for a flag, its text in place of the numbers. */
export function complaints(text: string, parts: Partial<PlanSource> = {}): string[] {
  return problemsOf(text, parts).map(({ file, line, column, message, hint }) => {
    const place = line === undefined ? file : `${line}:${column}`;
    return `${place} ${message}${hint === undefined ? "" : ` [${hint}]`}`;
  });
}
