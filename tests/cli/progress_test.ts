import { progressPrinter } from "../../src/cli/progress.ts";
import type { SetupState } from "../../src/metrics/run_state.ts";
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

const setUp = (done: number, elapsedS: number): SetupState => (
  { kind: "set-up", scenario: "deploy", done, of: 500, what: "certificates issued", elapsedS }
);

Deno.test("a set-up is told of at its first thing, every ten seconds, and at its last", () => {
  const { io, printed } = recordingIo();
  const { setup } = progressPrinter(io, { quiet: false, color: false });
  for (let second = 1; second <= 25; second++) setup(setUp(second * 20, second));
  setup({ ...setUp(1, 0), kind: "undoing", what: "undone" });
  assertEquals(printed.err.trimEnd().split("\n"), [
    "0:01 set-up of deploy: 20 of 500 certificates issued",
    "0:11 set-up of deploy: 220 of 500 certificates issued",
    "0:21 set-up of deploy: 420 of 500 certificates issued",
    "0:25 set-up of deploy: 500 of 500 certificates issued",
    "0:00 undoing the set-up of deploy: 1 of 500 undone",
  ]);
});

Deno.test("a terminal has one line of a set-up, drawn over itself no faster than anybody reads", () => {
  const { io } = recordingIo();
  const drawn: string[] = [];
  const terminal = { ...io, errIsTerminal: true, draw: (text: string) => void drawn.push(text) };
  const { setup, end } = progressPrinter(terminal, { quiet: false, color: false });
  for (let n = 1; n <= 100; n++) setup(setUp(n, 1 + n / 1000));
  assertEquals(drawn.length, 1);
  setup(setUp(101, 1.2));
  assert(drawn[1]!.startsWith("\x1b[1A\r"), JSON.stringify(drawn[1]));
  end();
  assert(drawn[2]!.endsWith("\x1b[?25h"), "the cursor is shown again");
});

Deno.test("a terminal's line of a set-up is drawn a tenth of a second later, at the last thing, and when a count begins anew", () => {
  const { io } = recordingIo();
  let drawn = 0;
  const terminal = { ...io, errIsTerminal: true, draw: () => void drawn++ };
  const { setup, show } = progressPrinter(terminal, { quiet: false, color: false });
  const draws = (state: SetupState): boolean => {
    const before = drawn;
    setup(state);
    return drawn > before;
  };
  assertEquals(
    [setUp(1, 0), setUp(2, 0.05), setUp(3, 0.125), setUp(4, 0.125), setUp(500, 0.2)].map(draws),
    [true, false, true, false, true],
  );
  assertEquals(draws({ ...setUp(1, 0.01), kind: "undoing" }), true);
  show(runState({ elapsedS: 1 }));
  assertEquals(draws(setUp(2, 0.02)), false);
});

Deno.test("a set-up's lines begin anew with each scenario, kind and thing that is counted", () => {
  const { io, printed } = recordingIo();
  const { setup } = progressPrinter(io, { quiet: false, color: false });
  const first = setUp(1, 1);
  const states = [
    first,
    { ...first, done: 2 },
    { ...first, scenario: "other" },
    { ...first, scenario: "other", what: "agents registered" },
    { ...first, scenario: "other", what: "agents registered", kind: "undoing" as const },
    {
      ...first,
      scenario: "other",
      what: "agents registered",
      kind: "undoing" as const,
      elapsedS: 10.4,
    },
    {
      ...first,
      scenario: "other",
      what: "agents registered",
      kind: "undoing" as const,
      elapsedS: 10.5,
    },
  ];
  const told = states.map((state) => {
    const before = printed.err.length;
    setup(state);
    return printed.err.length > before;
  });
  assertEquals(told, [true, false, true, true, true, false, true]);
});

Deno.test("nothing is tidied up where nothing was drawn, and nothing twice", () => {
  const { io } = recordingIo();
  const drawn: string[] = [];
  const terminal = { ...io, errIsTerminal: true, draw: (text: string) => void drawn.push(text) };
  const { show, end } = progressPrinter(terminal, { quiet: false, color: false });
  end();
  assertEquals(drawn, []);
  show(runState({ elapsedS: 1 }));
  end();
  end();
  assertEquals(drawn.length, 2);
});
