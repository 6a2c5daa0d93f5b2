import { nowUs, wallAheadUs } from "../../src/clock.ts";
import { type ClockReading, readTargetClock } from "../../src/engine/target_clock.ts";
import { unmeasuredClient } from "../../src/http/client.ts";
import { timerClock } from "../../src/timer.ts";
import { assert } from "../assert.ts";
import { withLab } from "../lab/harness.ts";
import { testWith } from "../programs.ts";
import { startApache } from "../servers/apache.ts";
import { startNginx } from "../servers/nginx.ts";

async function read(url: string): Promise<ClockReading> {
  const client = unmeasuredClient({ tls: { insecureSkipVerify: true }, maxBodyBytes: 65_536 });
  const { signal } = new AbortController();
  const untilUs = nowUs() + 60e6;
  try {
    return await readTargetClock({ client, url: new URL(url), clock: timerClock, untilUs, signal });
  } finally {
    client.close();
  }
}

/** The servers are on this host, so that its clock is theirs. */
function assertRight({ offset }: ClockReading): void {
  assert(offset !== undefined);
  const { boundUs } = offset;
  const offsetUs = offset.offsetUs + wallAheadUs();
  // What reading the host's own clock is wrong by.
  assert(Math.abs(offsetUs) <= boundUs + 500, `${offsetUs} +- ${boundUs}`);
}

/** Side by side: each waits for seconds to flip. */
testWith("nginx", ["apache2", "httpd"])(
  "nginx, Apache and the lab, on the clock of this host, are read as that",
  async () => {
    const daemons = await Promise.all([startNginx(), startApache()]);
    try {
      await withLab({}, async ({ lab }) => {
        const urls = [...daemons.map(({ port }) => `https://127.0.0.1:${port}`), lab.addresses.api];
        (await Promise.all(urls.map(read))).forEach(assertRight);
      });
    } finally {
      await Promise.all(daemons.map((daemon) => daemon.stop()));
    }
  },
);
