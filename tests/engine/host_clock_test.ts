import { ofChrony, ofKernel, readHostClock, readTimex } from "../../src/engine/host_clock.ts";
import { assert, assertEquals } from "../assert.ts";

const TRACKING = `Reference ID    : CB00710F (203.0.113.15)
Stratum         : 3
Ref time (UTC)  : Fri Jan 27 09:49:17 2017
System time     : 0.000006523 seconds slow of NTP time
Last offset     : -0.000006747 seconds
RMS offset      : 0.000035822 seconds
Frequency       : 3.225 ppm slow
Residual freq   : -0.000 ppm
Skew            : 0.129 ppm
Root delay      : 0.013639022 seconds
Root dispersion : 0.001100737 seconds
Update interval : 64.2 seconds
Leap status     : Normal
`;

Deno.test("chrony's word: how far the clock is from what keeps it, and how wrong that may be", () => {
  const slow = { source: "chrony" as const, offsetMs: -0.007, boundMs: 7.92 };
  assertEquals(ofChrony(TRACKING), slow);
  const fast = TRACKING.replace("0.000006523 seconds slow", "0.250000000 seconds fast");
  assertEquals(ofChrony(fast), { ...slow, offsetMs: 250 });
});

Deno.test("a clock that nothing keeps has no word on it", () => {
  assertEquals(ofChrony(TRACKING.replace("Normal", "Not synchronised")), undefined);
  assertEquals(ofChrony("506 Cannot talk to daemon"), undefined);
  assertEquals(ofChrony(""), undefined);
  const kept = { status: 0x2001, offset: 0, maxErrorUs: 12_500 };
  assertEquals(ofKernel({ ...kept, status: 0x2041 }), undefined);
  assertEquals(ofKernel({ ...kept, maxErrorUs: 16_000_000 }), undefined);
  assertEquals(ofKernel(undefined), undefined);
});

Deno.test("the kernel's word: what it still corrects, and the error it lets grow until somebody sets it", () => {
  const kept = { status: 0x2001, offset: 250_000, maxErrorUs: 12_500 };
  assertEquals(ofKernel(kept), { source: "adjtimex", offsetMs: -0.25, boundMs: 12.5 });
  assertEquals(ofKernel({ ...kept, status: 0x1 })?.offsetMs, -250);
});

Deno.test({
  name: "where chrony answers it has the word, and the kernel where it does not",
  ignore: Deno.build.os === "windows",
  async fn(): Promise<void> {
    const folder = await Deno.makeTempDir();
    const before = Deno.env.get("PATH") ?? "";
    try {
      const says = async (code: number) => {
        const script = `#!/bin/sh\ncase "$*" in "-n tracking") ;; *) exit 9 ;; esac\n` +
          `while IFS= read -r line; do echo "$line"; done <<'END'\n${TRACKING}END\nexit ${code}\n`;
        await Deno.writeTextFile(`${folder}/chronyc`, script, { mode: 0o755 });
        return (await readHostClock())?.source;
      };
      Deno.env.set("PATH", folder);
      assertEquals(await says(0), "chrony");
      assert(await says(1) !== "chrony");
    } finally {
      Deno.env.set("PATH", before);
      await Deno.remove(folder, { recursive: true });
    }
  },
});

Deno.test({
  name:
    "this machine's kernel is read without privilege, and a machine that keeps no clock is no problem",
  ignore: Deno.build.os !== "linux",
  async fn(): Promise<void> {
    const timex = readTimex();
    assert(timex === undefined || timex.maxErrorUs >= 0 && timex.maxErrorUs <= 16_000_000);
    // What the kernel corrects bit by bit is half a second at most.
    assert(Math.abs(timex?.offset ?? 0) <= 500_000_000 && (timex?.status ?? 0) < 0x10000);
    const { boundMs = 0 } = await readHostClock() ?? {};
    assert(boundMs >= 0);
  },
});
