/**
 * What of a plan comes from around it. A machine that runs it must find the same variables; which of them may be written
 * down for all to read, and what of the plan itself may not, is told here.
 */
import { secretsIn } from "../masking/credentials.ts";
import { interpolate } from "../plan/interpolate.ts";
import { findSecrets, isSecret } from "../plan/secret.ts";
import { mapScalars, type PlanNode, scalarsOf, toData } from "../plan/tree.ts";

export interface PlanVariable {
  readonly name: string;
  readonly isSecret: boolean;
  /** Of a variable that is set, and no secret. */
  readonly value?: string;
  /** A secret that is set here, or that the plan has no default for. */
  readonly isNeeded: boolean;
}

type Environment = Readonly<Record<string, string>>;

/** Stands in, where a plan is only read, for a secret that will be told elsewhere. */
export function standIn(name: string): string {
  return `to-be-told-${name.toLowerCase()}`;
}

/** Those that the plan asks for in this environment and that somebody has to hand on, each once. */
export function variablesOf(root: PlanNode, env: Environment): PlanVariable[] {
  const texts = textsOf(root);
  const secret = secretVariables(root);
  return asked(root, env).flatMap((name): PlanVariable[] => {
    const value = env[name];
    if (secret(name) || secretsIn(value ?? "").length > 0) {
      const hasDefault = !texts.some((text) => text.includes(`\${${name}}`));
      return [{ name, isSecret: true, isNeeded: Boolean(value) || !hasDefault }];
    }
    return value ? [{ name, isSecret: false, value, isNeeded: false }] : [];
  });
}

/** The environment in which a plan can be read although its secrets are not here. */
export function withStandIns(root: PlanNode, env: Environment): Environment {
  const secret = secretVariables(root);
  const absent = asked(root, env).filter((name) => !env[name] && secret(name))
    .filter((name) => textsOf(root).some((text) => text.includes(`\${${name}}`)));
  return { ...env, ...Object.fromEntries(absent.map((name) => [name, standIn(name)])) };
}

type IsSecret = (name: string) => boolean;

/** Variables that are secrets by their own name, or by where the plan has them: `token: ${TOK}`, `/x?api_key=${K}`. */
export function secretVariables(root: PlanNode): IsSecret {
  const placed = new Set(
    scalarsOf(root, []).flatMap(([{ content }, path]) => {
      if (typeof content !== "string") return [];
      return isSecret(path) ? namesIn(content) : namesInSecrets(content);
    }),
  );
  return (name) => isSecret([name]) || placed.has(name);
}

function namesIn(text: string): string[] {
  return Array.from(text.matchAll(NAMED), ([, name]) => name!);
}

/** Of variables that stand where a text has a credential: in a parameter of a URL, a field of JSON, behind `Bearer`. */
function namesInSecrets(text: string): string[] {
  const { worded, variables } = withWords(text);
  return secretsIn(worded).flatMap((secret) => [...secret.matchAll(WORD)])
    .flatMap(([, at]) => namesIn(variables[Number(at)]!));
}

/** Long enough, and with a digit, to be taken for a credential wherever one may stand. */
const WORD = /variable-in-a-plan-(\d+)\./g;

/** One word for each variable, its default included, so that what is around it is read as it is once that is filled in. */
function withWords(text: string): { worded: string; variables: string[] } {
  const variables: string[] = [];
  let worded = "";
  let done = 0;
  for (const { index } of text.matchAll(/\$\$|\$\{/g)) {
    if (index < done || text[index + 1] !== "{") continue;
    const end = closing(text, index + 2);
    if (end < 0) break;
    worded += `${text.slice(done, index)}variable-in-a-plan-${variables.length}.`;
    variables.push(text.slice(index, end + 1));
    done = end + 1;
  }
  return { worded: worded + text.slice(done), variables };
}

/** Also those in a default of another. */
const NAMED = /\$\{([A-Za-z_]\w*)/g;

/** The names that filling the plan in looks up. */
function asked(root: PlanNode, env: Environment): string[] {
  const names = new Set<string>();
  const get = (_: Environment, name: string | symbol): string | undefined => {
    names.add(String(name));
    return env[String(name)];
  };
  interpolate(root, new Proxy(env, { get }));
  return [...names];
}

function textsOf(root: PlanNode): string[] {
  return scalarsOf(root, []).map(([{ content }]) => content).filter((text) =>
    typeof text === "string"
  );
}

/** Where the plan itself has a secret in it: `target.token (line 5)`. */
export function literalSecrets(root: PlanNode): string[] {
  const secret = secretVariables(root);
  const worded = mapScalars(root, (node) => {
    const { content } = node;
    return typeof content === "string" ? { ...node, content: withWords(content).worded } : node;
  });
  const literal = findSecrets(toData(worded)).filter((text) => isLiteral(text));
  return scalarsOf(root, []).filter(([{ content }]) =>
    typeof content === "string" && (hasSecretDefault(content, secret) ||
      literal.some((text) => withWords(content).worded.includes(text)))
  ).map(([{ span }, path]) => `${path.join(".")}${span.line ? ` (line ${span.line})` : ""}`);
}

/** What HTTP puts before a credential. */
const INTRODUCTION =
  /(?:\b(?:Bearer|Basic|Digest|Negotiate|Token) +|[\w-]+=)(?=variable-in-a-plan-\d+\.)/gi;

/** Something is left where variables, and what introduces them, are taken out. */
function isLiteral(worded: string): boolean {
  return /[^\s;,]/.test(worded.replace(INTRODUCTION, "").replaceAll(WORD, ""));
}

const DEFAULT = /\$\$|\$\{([A-Za-z_]\w*):-/g;

function hasSecretDefault(text: string, secret: IsSecret): boolean {
  return [...text.matchAll(DEFAULT)].some(({ 0: head, 1: name, index }) =>
    name !== undefined && secret(name) && text[index + head.length] !== "}"
  );
}

/**
 * The plan's text with the defaults of secret variables taken out, so that the variable has to be told.
 *
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const text = "token: ${CERTCTL_TOKEN:-load-test-token} # ${NAME:-x}";
 * const secret = (name: string): boolean => name === "CERTCTL_TOKEN";
 * assertEquals(withoutSecretDefaults(text, secret), "token: ${CERTCTL_TOKEN} # ${NAME:-x}");
 * ```
 */
export function withoutSecretDefaults(text: string, secret: IsSecret): string {
  let kept = "";
  let done = 0;
  DEFAULT.lastIndex = 0;
  for (let match = DEFAULT.exec(text); match !== null; match = DEFAULT.exec(text)) {
    const name = match[1];
    const from = DEFAULT.lastIndex;
    if (name === undefined || !secret(name) || text[from] === "}") continue;
    const end = closing(text, from);
    if (end < 0) continue;
    kept += text.slice(done, match.index) + `\${${name}}`;
    done = DEFAULT.lastIndex = end + 1;
  }
  return kept + text.slice(done);
}

/** The brace that closes a default; braces in it come in pairs. */
function closing(text: string, from: number): number {
  let open = 0;
  for (let at = from; at < text.length; at++) {
    if (text[at] === "{") open++;
    else if (text[at] === "}" && open-- === 0) return at;
  }
  return -1;
}
