/** The identifiers of an order (RFC 8555 section 7.1.3): DNS names, with wildcards, and IP addresses (RFC 8738). Pure. */
import { canonicalName, isIpAddress } from "../../identifier.ts";
import { malformed, Problem, problemType } from "./problem.ts";

const MAX_IDENTIFIERS = 100;
const LABEL = /^(?!-)[a-z0-9_-]{1,63}(?<!-)$/;

/** Lower-case names, each once, in the order given. Throws `malformed` and `rejectedIdentifier`, all complaints in it. */
export function identifiersOf(value: unknown): string[] {
  if (!Array.isArray(value) || value.length === 0) throw malformed("identifiers must not be empty");
  if (value.length > MAX_IDENTIFIERS) {
    throw malformed(`an order has ${MAX_IDENTIFIERS} identifiers at most`);
  }
  const subproblems = value.flatMap((identifier) => complaintOf(identifier) ?? []);
  if (subproblems.length > 0) {
    const detail = "one or more identifiers were rejected";
    throw new Problem("rejectedIdentifier", 400, detail, { members: { subproblems } });
  }
  return [...new Set(value.map(({ value }) => value.toLowerCase()))];
}

function complaintOf(identifier: unknown): Record<string, unknown> | undefined {
  const { type, value } = (identifier ?? {}) as { type?: unknown; value?: unknown };
  if (type !== "dns" && type !== "ip") {
    const detail = `type ${JSON.stringify(type)} is not supported, only dns and ip are`;
    return { type: problemType("unsupportedIdentifier"), detail, identifier };
  }
  const isRight = type === "dns" ? isName : isCanonicalAddress;
  if (typeof value === "string" && isRight(value.toLowerCase())) return undefined;
  const detail = type === "dns" ? "value is no DNS name" : "value is no IP address of RFC 5952";
  return { type: problemType("rejectedIdentifier"), detail, identifier };
}

function isCanonicalAddress(value: string): boolean {
  return isIpAddress(value) && canonicalName(value) === value;
}

function isName(name: string): boolean {
  const labels = name.replace(/^\*\./, "").split(".");
  return name.length <= 253 && labels.every((label) => LABEL.test(label)) &&
    !/^\d+$/.test(labels.at(-1)!);
}
