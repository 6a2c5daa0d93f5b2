import { conform } from "../../src/cli/conform.ts";
import type { Io } from "../../src/cli/io.ts";
import { assertEquals, assertMatch, assertStringIncludes } from "../assert.ts";
import { withFakeAcme } from "../flows/acme/fake_acme.ts";
import { withServer } from "../flows/acme/harness.ts";

interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

async function run(
  args: readonly string[],
  signal: AbortSignal = new AbortController().signal,
): Promise<Outcome> {
  const written = { out: "", err: "" };
  const io: Io = {
    out: (text) => void (written.out += text),
    err: (text) => void (written.err += text),
    env: {},
    outIsTerminal: false,
    errIsTerminal: false,
    size: () => ({ columns: 80, rows: 24 }),
    interrupt: { soft: signal, hard: signal },
  };
  return { code: await conform.run(args, io), ...written };
}

Deno.test("conform shows a table with sections and ends 99 when a MUST does not hold", async () => {
  await withFakeAcme({}, async ({ directory }) => {
    const { code, out, err } = await run([directory]);
    assertEquals([code, err], [99, ""]);
    assertStringIncludes(out, `ACME conformance of ${directory}\n`);
    assertStringIncludes(out, "✓ 8555 §6.5     A replayed nonce is refused with badNonce\n");
    assertStringIncludes(out, "(nonce-no-store)\n");
  });
});

Deno.test("conform ends 94 where no ACME server is", async () => {
  await withServer(() => Response.json({ hello: 1 }), async (origin) => {
    const { code, out, err } = await run([`${origin}/directory`]);
    assertEquals([code, out], [94, ""]);
    assertStringIncludes(err, `cannot examine ${origin}/directory: There is no ACME dir`);
    assertStringIncludes(err, "The directory has no newNonce");
    assertStringIncludes(err, "Check the URL");
  });
});

Deno.test("conform that is interrupted blames no case for it, and ends 105", async () => {
  const interrupt = new AbortController();
  const script = (path: string): undefined => {
    if (path === "/new-order") interrupt.abort();
  };
  await withFakeAcme({ script }, async ({ directory }) => {
    const { code, out, err } = await run([directory], interrupt.signal);
    assertEquals(code, 105);
    assertMatch(err, /^certload conform: interrupted after 3\d of \d+ cases\n$/);
    assertEquals(out.includes("(order-new)"), false);
    assertMatch(out, /\n\d+ passed, \d+ failed/);
  });
});

Deno.test("conform says what to do when the server cannot be asked", async () => {
  const { code, err } = await run(["https://127.0.0.1:1/directory"]);
  assertEquals(code, 94);
  assertStringIncludes(err, "Connection refused by 127.0.0.1:1");
  assertStringIncludes(err, "; is the server running, and is the port in DIRECTORY right?\n");
});

Deno.test("conform tells every problem of its command line at once, and ends 104", async () => {
  const flags = ["--known", "nonce-heads", "--challenge", "http-09", "--eab-kid", "k"];
  const { code, err } = await run(["https://127.0.0.1:1/dir", ...flags, "--ca", "/nowhere.pem"]);
  assertEquals(code, 104);
  assertStringIncludes(err, 'no case is named "nonce-heads": did you mean nonce-head?');
  assertStringIncludes(err, "--challenge: ");
  assertStringIncludes(err, "CERTLOAD_EAB_HMAC_KEY: must be the HMAC key in base64url");
  assertStringIncludes(err, "--ca: cannot read /nowhere.pem");
  assertStringIncludes((await run(["dir"])).err, 'DIRECTORY: "dir" is no URL');
});
