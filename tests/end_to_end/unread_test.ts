/** A run whose text nobody takes still tells its verdict, on stderr. */
import { join } from "node:path";
import { assertEquals, assertMatch } from "../assert.ts";
import { startLab } from "../../src/lab/lab.ts";
import { testWith } from "../programs.ts";
import { programCommand } from "./program.ts";

const PLACES = [">/dev/full", ">&-", ">/dev/null"];

testWith("sh")(
  "a failed run tells its verdict on stderr where stdout is full, closed or /dev/null",
  async () => {
    const lab = await startLab();
    const folder = await Deno.makeTempDir({ prefix: "certload-e2e-" });
    try {
      const plan = `name: unread
target: { base_url: "${lab.addresses.api}", token: load-test-token, tls: { insecure_skip_verify: true } }
warmup: off
scenarios:
  one: { flow: list_certificates, rate: 10/s, duration: 1s, thresholds: [p95 < 1us] }
`;
      await Deno.writeTextFile(join(folder, "plan.yaml"), plan);
      for (const [i, place] of PLACES.entries()) {
        const command = [...programCommand(), "run", "plan.yaml", "--out", `results${i}`];
        const { code, stderr } = await new Deno.Command("sh", {
          args: ["-c", `"$@" ${place}`, "sh", ...command],
          cwd: folder,
          env: { NO_COLOR: "1" },
        }).output();
        const said = new TextDecoder().decode(stderr);
        const lines = said.trimEnd().split("\n").filter((line) => line.startsWith("certload: "));
        assertEquals(lines.length, 1, said);
        // 95 on a host so busy that the generator was late: that is a verdict, too.
        assertMatch(
          lines[0]!,
          /^certload: (threshold \(exit code 99\)|invalid \(exit code 95\)): /,
        );
        assertEquals(lines[0]!.includes(`(exit code ${code})`), true, `${code}: ${said}`);
      }
    } finally {
      await Deno.remove(folder, { recursive: true });
      await lab.close();
    }
  },
);
