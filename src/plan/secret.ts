/** What of a plan must not be shown. How it is hidden is `masking/`. */
import { SECRET_NAME, secretsIn } from "../masking/credentials.ts";
import { MASK, type Mask, maskOf } from "../masking/mask.ts";
import type { Path } from "./problem.ts";

/** Whether the value under a key is kept out of every output. Headers are, all of them: any may carry a credential. */
export function isSecret(path: Path): boolean {
  return path.slice(0, -1).includes("headers") || hasSecretName(path);
}

function hasSecretName(given: Path): boolean {
  const path = withoutCaptures(given);
  return path.some((key, at) => {
    const isScenario = at === 1 && path[0] === "scenarios";
    return typeof key === "string" && !isScenario && SECRET_NAME.test(key);
  });
}

const STEP_LISTS: readonly unknown[] = ["steps", "setup", "teardown"];

/** Where a step's path begins, indices of lists left out; undefined where it is about no step. */
function stepAt(keys: Path): number | undefined {
  const at = keys.findIndex((key, at) => key === "with" && STEP_LISTS.includes(keys[at + 1]));
  return at < 0 ? undefined : at + 2;
}

/** What a step captures by the name of `token` is under a name and a place in an answer, and no token yet. */
function withoutCaptures(path: Path): Path {
  const keys = path.filter((key) => typeof key === "string");
  const at = stepAt(keys);
  return at !== undefined && keys[at] === "capture" ? keys.slice(0, at) : path;
}

/** `Bearer {token}` in a step: the secret is what an answer will have brought. */
function isCaptured(path: Path, text: string): boolean {
  const keys = path.filter((key) => typeof key === "string");
  return stepAt(keys) !== undefined && /^(?:[\w-]+ +)?\{[A-Za-z]\w*\}$/.test(text);
}

/** One word of letters and digits, of a length that no duration, rate or count has. */
export function looksSecret(value: unknown): boolean {
  return typeof value === "string" && /^[\w.~+/=-]{8,}$/.test(value) &&
    /\d/.test(value) && /[a-z]/i.test(value);
}

/** A copy of plain data in which secrets are masked, and so is every occurrence of the `known` ones. */
export function maskSecrets(value: unknown, known: readonly string[] = []): unknown {
  return masked(value, maskOf(known), []);
}

function masked(value: unknown, mask: Mask, path: Path): unknown {
  if (Array.isArray(value)) return value.map((item, at) => masked(item, mask, [...path, at]));
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, masked(item, mask, [...path, key])]),
    );
  }
  if (value === undefined || value === null || typeof value === "boolean") return value;
  if (isSecret(path) && !isCaptured(path, String(value))) return MASK;
  return typeof value === "string" ? mask(value, isProse(path) ? "own" : "foreign") : value;
}

/** Texts that speak about the plan: `token: see the wiki` in a description is no secret. */
function isProse(path: Path): boolean {
  return ["name", "description", "thresholds"].includes(String(path.at(-1)));
}

/** Every text under a secret's key, and what looks like a credential in any other; all with their parts. */
export function findSecrets(value: unknown, path: Path = []): string[] {
  if (typeof value === "string") {
    if (isCaptured(path, value)) return [];
    if (hasSecretName(path)) return partsOf(value);
    return isProse(path) ? [] : secretsIn(value).flatMap(partsOf);
  }
  if (typeof value !== "object" || value === null) return [];
  const isList = Array.isArray(value);
  return [
    ...new Set(
      Object.entries(value).flatMap(([key, item]) =>
        findSecrets(item, isList ? path : [...path, key])
      ),
    ),
  ];
}

/** A secret, and what of it is one by itself: of `Bearer abc` also `abc`, of `Basic` what it encodes, of cookies each. */
export function partsOf(secret: string): string[] {
  if (secret === "") return [];
  const [, scheme, credential] = /^(Bearer|Basic|Digest|Negotiate) +(.+)$/i.exec(secret) ?? [];
  const cookies = secret.split(/; */).map((cookie) => cookie.replace(/^[\w-]+=/, ""));
  const basic = scheme?.toLowerCase() === "basic" ? userAndPassword(credential!) : [];
  const parts = [secret, credential, ...basic, ...(cookies.length > 1 ? cookies : [])];
  return [...new Set(parts.filter((part) => part !== undefined && part !== ""))] as string[];
}

function userAndPassword(base64: string): string[] {
  try {
    const both = new TextDecoder().decode(Uint8Array.fromBase64(base64));
    return [both, both.slice(both.indexOf(":") + 1)];
  } catch {
    return [];
  }
}

/**
 * A line of a plan's text with the values of secret keys starred out, letter for letter, so that columns stay. The names
 * of variables stay too; their defaults do not.
 */
export function maskLine(line: string, mask: Mask = maskOf([])): string {
  return mask(line, "plan", starred);
}

function starred(text: string): string {
  return text.replaceAll(
    /(\$\{\w+(?::-)?)|[^\s"'}]/g,
    (letter, name) => name ?? "*".repeat(letter.length),
  );
}
