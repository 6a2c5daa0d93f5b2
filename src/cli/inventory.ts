/** `--inventory N`: rows that a server is given before a search, and that are removed after it. */
import { hasInventoryOwner, InventorySetup } from "../engine/inventory.ts";
import type { Inventory } from "../inventory.ts";
import { mainServer } from "../plan/plan.ts";
import type { Plan } from "../plan/plan.ts";
import { notUndoneLines } from "../report/setup.ts";
import { EXIT_CODES } from "../verdict/exit.ts";
import type { Outcome } from "./command.ts";
import { useColor } from "./color.ts";
import type { CommandLine, FlagSpec } from "./flags.ts";
import type { Io } from "./io.ts";
import { progressPrinter } from "./progress.ts";
import type { StackedPlan } from "./stacked_plan.ts";

export const INVENTORY_FLAGS: readonly FlagSpec[] = [
  {
    name: "inventory",
    value: "N",
    help: "have so many certificates in the server's database first: what is missing is created",
  },
  {
    name: "keep-inventory",
    help: "leave them there (default: archived again, where the server is none of --stack's)",
  },
];

const MOST = 10_000_000;

/** What is wrong with the flags. */
export function inventoryProblems(line: CommandLine): string[] {
  const given = line.value("inventory");
  if (given === undefined) {
    return line.has("keep-inventory") ? ["--keep-inventory needs --inventory N"] : [];
  }
  const rows = rowsOf(given);
  return rows === undefined
    ? [`--inventory ${given}: expected a whole number from 1 to 10000000, for example 50000`]
    : [];
}

function rowsOf(text: string): number | undefined {
  const rows = /^\d{1,8}$/.test(text) ? Number(text) : 0;
  return rows >= 1 && rows <= MOST ? rows : undefined;
}

/** What of the plan stands against the inventory that was asked for. */
export function whyNoInventory(plan: Plan, line: CommandLine): string[] {
  if (line.value("inventory") === undefined || hasInventoryOwner(plan)) return [];
  return [
    "--inventory creates certificates as a scenario of the plan does: it needs one with the flow create_certificate, whose owner, team, issuer and policy they get",
  ];
}

/** Does what is to be done with the server as it is, or with the inventory that was asked for. */
export async function withInventory(
  { plan, stack }: StackedPlan,
  line: CommandLine,
  io: Io,
  use: (inventory: Inventory | null) => Promise<Outcome>,
): Promise<Outcome> {
  const given = line.value("inventory");
  const rows = given === undefined ? undefined : rowsOf(given);
  if (rows === undefined) return await use(null);
  const kept = line.has("keep-inventory");
  // What a stack started ends with it.
  const keep = kept || stack.name !== "none";
  if (!keep) io.err(`! ${archivedNote(mainServer(plan))}\n`);
  const quiet = line.has("quiet");
  const progress = progressPrinter(io, { quiet, color: useColor(line, io, io.errIsTerminal) });
  const setup = new InventorySetup({
    ...{ plan, rows, keep },
    interrupt: io.interrupt,
    onProgress: progress.setup,
  });
  try {
    const made = await setup.make();
    progress.end();
    if (made.kind === "interrupted") {
      io.err(`Interrupted before the inventory was there: no load was sent${goOn(kept)}\n`);
      return EXIT_CODES.interrupted;
    }
    if (made.kind === "failed") {
      const { class: name, message } = made.failure;
      io.err(`Not ready: no load was sent${goOn(kept)}\n${name}: ${message}\n`);
      return EXIT_CODES.not_ready;
    }
    return await use(made.inventory);
  } finally {
    const left = await setup.undo();
    progress.end();
    for (const each of notUndoneLines(left)) io.err(`! ${each}\n`);
  }
}

/** Told before anything is created: it cannot be taken back. */
function archivedNote(server: string): string {
  return `--inventory creates certificates at ${server}, and archives them afterwards: certctl deletes none, so their rows stay in its database`;
}

function goOn(kept: boolean): string {
  return kept ? "; what was created is kept, and the same command creates the rest" : "";
}
