/** Headers of a call of certctl's REST API. */
import type { Target } from "../../plan/plan.ts";

export function apiHeaders(
  target: Target,
  extra: Record<string, string> = {},
): Record<string, string> {
  return {
    accept: "application/json",
    ...(target.token === undefined ? {} : { authorization: `Bearer ${target.token}` }),
    ...target.headers,
    ...extra,
  };
}

export function apiUrl(target: Target, path: string): URL {
  return new URL(target.baseUrl.replace(/\/+$/, "") + path);
}
