import { progressPrinter } from "../../src/cli/progress.ts";
import { assert, assertEquals } from "../assert.ts";
import { runState } from "../report/states.ts";
import { recordingIo } from "./in_process.ts";

Deno.test("without a terminal there is a line every ten seconds, and one for each news", () => {
  const { io, printed } = recordingIo();
  const { show, end } = progressPrinter(io, { quiet: false, color: false });
  const shownAt = (elapsedS: number, note?: string): boolean => {
    const before = printed.err.length;
    show(runState({ elapsedS, note }));
    return printed.err.length > before;
  };
  for (let second = 1; second <= 9; second++) assertEquals(shownAt(second), false, `${second} s`);
  assert(shownAt(9.6), "a turn that is a little early");
  assertEquals(shownAt(10), false);
  assert(shownAt(11, "ending"), "news");
  assertEquals(shownAt(12, "ending"), false);
  end();
  assertEquals(printed.err.trimEnd().split("\n").length, 2);
  assertEquals(printed.out, "");
});

Deno.test("a quiet run shows nothing", () => {
  const { io, printed } = recordingIo();
  const { show, end } = progressPrinter({ ...io, errIsTerminal: true }, {
    quiet: true,
    color: true,
  });
  show(runState({ elapsedS: 60 }));
  end();
  assertEquals(printed, { out: "", err: "" });
});

Deno.test("a terminal has one screen that is drawn over itself, anew when it was resized, and is tidied up", () => {
  const { io } = recordingIo();
  let drawn = "";
  let size = { columns: 80, rows: 24 };
  const write = (text: string): void => void (drawn += text);
  const terminal = { ...io, errIsTerminal: true, err: write, draw: write, size: () => size };
  const { show, end } = progressPrinter(terminal, { quiet: false, color: false });
  const draw = (elapsedS: number): string => {
    drawn = "";
    show(runState({ elapsedS }));
    return drawn;
  };
  const first = draw(1);
  const lines = first.split("\n").length - 1;
  assert(first.startsWith("\x1b[?25l"), "the cursor is hidden");
  const second = draw(2);
  assert(second.startsWith(`\x1b[${lines}A\r`), "the second is drawn over the first");
  assert(second.endsWith("\x1b[J"), "and what was below it is gone");
  size = { columns: 100, rows: 30 };
  assert(draw(3).startsWith("\x1b[2J\x1b[H"), "a resized terminal is drawn from its top");
  assert(!draw(4).startsWith("\x1b[2J"), "and then over itself again");
  drawn = "";
  end();
  const tidied = "\r\x1b[J\x1b[?25h";
  assert(/^.\[\d+A\r/.test(drawn) && drawn.endsWith(tidied), JSON.stringify(drawn));
});
