/** What is wrong between the parts of a sequence: names that are used twice, or before there is anything behind them. */
import type { z } from "zod";
import { z as zod } from "zod";
import { nearest } from "../plan/near_miss.ts";
import { entriesOf, memberOf, namesIn, textsOf } from "./step_texts.ts";
import { ARRIVAL_PLACEHOLDERS, PLACEHOLDERS } from "./template.ts";

type Path = (string | number)[];

interface Found {
  readonly path: Path;
  readonly message: string;
  readonly instead?: string;
  /** The key itself is meant, not what stands behind it. */
  readonly atKey?: boolean;
}

const LISTS = ["setup", "steps", "teardown"] as const;
type List = (typeof LISTS)[number];

/** A step with where it stands. */
interface Placed {
  readonly list: List;
  readonly path: Path;
  readonly step: unknown;
}

/** As messages name it. */
function labelOf({ path, step }: Placed): string {
  const name = memberOf(step, "name");
  return typeof name === "string" ? `step ${name}` : path.join(".");
}

/** Asked whatever else is wrong, so that all problems come at once. */
export function sequenceProblems(): z.core.$ZodCheck<Record<string, unknown>> {
  const check = zod.check<Record<string, unknown>>(({ value, issues }) => {
    const steps = placedSteps(value);
    const problems = [...nameProblems(steps), ...captureProblems(steps), ...waitProblems(steps)];
    for (const { path, message, instead, atKey } of problems) {
      const params = { ...(instead && { instead }), ...(atKey && { at: "key" }) };
      issues.push({ code: "custom", input: value, path, message, params });
    }
  });
  check._zod.def.when = ({ value }) => typeof value === "object" && value !== null;
  return check;
}

function placedSteps(value: unknown): Placed[] {
  return LISTS.flatMap((list) => {
    const steps = memberOf(value, list);
    if (!Array.isArray(steps)) return [];
    return steps.map((step: unknown, at): Placed => ({ list, path: [list, at], step }));
  });
}

function* nameProblems(steps: readonly Placed[]): Generator<Found> {
  const places = new Map<unknown, Path>();
  for (const { path, step } of steps) {
    const name = memberOf(step, "name");
    const first = places.get(name);
    if (first === undefined) places.set(name, path);
    else if (typeof name === "string") {
      const message = `is the name of ${first.join(".")} already: steps differ in their names`;
      yield { path: [...path, "name"], message };
    }
  }
}

/** Goes through the steps in the order in which they are made. */
function* captureProblems(steps: readonly Placed[]): Generator<Found> {
  const makers = new Map<string, Placed>();
  for (const placed of steps) {
    for (const [name] of entriesOf(memberOf(placed.step, "capture"))) {
      if (!makers.has(name)) makers.set(name, placed);
    }
  }
  for (const [at, placed] of steps.entries()) {
    yield* textProblems(placed, { steps: steps.slice(0, at), makers });
    for (const [name] of entriesOf(memberOf(placed.step, "capture"))) {
      const path = [...placed.path, "capture", name];
      const maker = makers.get(name);
      if (PLACEHOLDERS.includes(name)) {
        yield { path, atKey: true, message: "is a placeholder already: call the value otherwise" };
      } else if (maker !== placed) {
        const message = `is captured in ${maker && labelOf(maker)} already: values differ in name`;
        yield { path, atKey: true, message };
      }
    }
  }
}

interface Before {
  /** Those made before the one that is looked at. */
  readonly steps: readonly Placed[];
  /** Which step captures a name first. */
  readonly makers: ReadonlyMap<string, Placed>;
}

function* textProblems(placed: Placed, before: Before): Generator<Found> {
  for (const { path, text } of textsOf(placed.step)) {
    const place = [...placed.path, ...path];
    const names = namesIn(text);
    for (const name of names) {
      const message = nameProblem(name, placed, before);
      if (message === undefined) continue;
      const meant = before.makers.has(name) || PLACEHOLDERS.includes(name)
        ? undefined
        : nearest(name, [...PLACEHOLDERS, ...before.makers.keys()]);
      yield { path: place, message, ...(meant && { instead: `{${meant}}` }) };
    }
    if (path[0] === "path" && PLACEHOLDERS.includes(/^\{(\w+)\}/.exec(text)?.[1] ?? "")) {
      const message = "must start with /, or with a captured value as in {location}";
      yield { path: place, message };
    }
    const server = path[0] === "url" ? /^[^/]*\/\/[^/?#]*/.exec(text)?.[0] : undefined;
    if (server !== undefined && namesIn(server).some((name) => before.makers.has(name))) {
      const message = "must name its server itself: an answer must not choose where requests go";
      yield { path: place, message };
    }
  }
}

/** Why a name in braces has nothing behind it. */
function nameProblem(
  name: string,
  { list }: Placed,
  { steps, makers }: Before,
): string | undefined {
  const maker = makers.get(name);
  if (PLACEHOLDERS.includes(name)) {
    const isArrivals = ARRIVAL_PLACEHOLDERS.includes(name) && !["id", "now"].includes(name);
    return isArrivals && list !== "steps"
      ? `has \`{${name}}\`, which is an arrival's, and ${list} is made once`
      : undefined;
  }
  if (maker === undefined) {
    return `has \`{${name}}\`, which is no placeholder and which no step captures ` +
      `(to send braces, write \`{ ${name} }\`, in addresses %7B${name}%7D)`;
  }
  if (list === "teardown" && maker.list === "steps") {
    return `has \`{${name}}\`, which each arrival captures for itself (${labelOf(maker)}), ` +
      `and teardown is made once`;
  }
  return steps.includes(maker)
    ? undefined
    : `has \`{${name}}\` before it is captured, in ${labelOf(maker)}`;
}

function* waitProblems(steps: readonly Placed[]): Generator<Found> {
  for (const { path, step } of steps) {
    const wait = memberOf(step, "wait_until");
    if (typeof wait !== "object" || wait === null) continue;
    const place = [...path, "wait_until"];
    const [status, json] = [memberOf(wait, "status"), memberOf(wait, "json")];
    if (status === undefined && entriesOf(json).length === 0) {
      yield { path: place, message: "needs a condition: `status` or `json`" };
    }
    yield* statusProblems(place, status, json, memberOf(memberOf(step, "expect"), "status"));
    const ends = [memberOf(wait, "fail_if")].flat().filter((end) => end !== undefined);
    if (ends.some((end) => entriesOf(end).length === 0)) {
      yield { path: [...place, "fail_if"], message: "needs a condition: `status` or `json`" };
    }
    yield* timeProblems(place, wait);
  }
}

function* statusProblems(
  place: Path,
  status: unknown,
  json: unknown,
  expected: unknown,
): Generator<Found> {
  if (!Array.isArray(status) || !Array.isArray(expected)) return;
  const refused = status.find((each) => !expected.includes(each));
  if (refused !== undefined) {
    const message = `awaits ${refused}, which \`expect.status\` does not accept`;
    yield { path: [...place, "status"], message };
  } else if (json === undefined && expected.every((each) => status.includes(each))) {
    const message = "holds for every answer that `expect.status` accepts: let that have the " +
      "statuses that come before, too";
    yield { path: [...place, "status"], message };
  }
}

function* timeProblems(place: Path, wait: object): Generator<Found> {
  const [interval, most, timeout] = ["interval", "max_interval", "timeout"]
    .map((key) => memberOf(wait, key));
  if (typeof interval !== "number") return;
  if (interval === 0) {
    yield { path: [...place, "interval"], message: "must be more than 0" };
  }
  if (typeof most === "number" && most < interval) {
    yield { path: [...place, "max_interval"], message: "must not be less than `interval`" };
  }
  if (typeof timeout === "number" && timeout < interval) {
    yield { path: [...place, "timeout"], message: "must not be less than `interval`" };
  }
}
