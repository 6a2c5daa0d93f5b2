import { conform } from "../../src/cli/conform.ts";
import type { Io } from "../../src/cli/io.ts";
import { assertEquals, assertMatch, assertStringIncludes } from "../assert.ts";
import { withFakeAcme } from "../acme/fake_acme.ts";
import { withServer } from "../acme/harness.ts";
import { freePort } from "../lab/harness.ts";

interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

async function run(
  args: readonly string[],
  signal: AbortSignal = new AbortController().signal,
  { outIsTerminal = false, env = {} }: Partial<Pick<Io, "outIsTerminal" | "env">> = {},
): Promise<Outcome> {
  const written = { out: "", err: "" };
  const io: Io = {
    out: (text) => ((written.out += text), true),
    err: (text) => void (written.err += text),
    reveal: (text) => void (written.out += text),
    draw: (text) => void (written.err += text),
    env,
    outIsTerminal,
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
  const port = await freePort();
  const { code, err } = await run([`https://127.0.0.1:${port}/directory`]);
  assertEquals(code, 94);
  assertStringIncludes(err, `Connection refused by 127.0.0.1:${port}`);
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

/** Sends the head of an answer and then its body octet by octet, for ever. */
function dripping(signal: AbortSignal): Response {
  const body = new ReadableStream<Uint8Array>({
    pull: async (controller) => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      if (signal.aborted) controller.close();
      else controller.enqueue(Uint8Array.of(0x20));
    },
  });
  return new Response(body, { headers: { "content-type": "application/json" } });
}

Deno.test("conform gives up on a server that drips when --timeout is over, and says so", async () => {
  const end = new AbortController();
  const bend = (path: string, right: Response): Response =>
    path === "/new-account" ? dripping(end.signal) : right;
  await withFakeAcme({ bend }, async ({ directory }) => {
    const { code, err } = await run([directory, "--timeout", "300ms"]);
    end.abort();
    assertEquals(code, 99);
    assertMatch(err, /gave up after \d of \d+ cases, because 300ms were over \(--timeout\)/);
  });
  const last = new AbortController();
  await withServer(() => dripping(last.signal), async (origin) => {
    const { code, err } = await run([`${origin}/directory`, "--timeout", "200ms"]);
    last.abort();
    assertStringIncludes(err, "gave up after 0 of ");
    assertEquals(code, 99);
  });
});

Deno.test("conform ends when three requests in a row have no answer, and names the reason", async () => {
  let answered = 0;
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const origin = `http://127.0.0.1:${(listener.addr as Deno.NetAddr).port}`;
  const serving = (async () => {
    for await (const conn of listener) {
      const resources = ["newNonce", "newAccount", "newOrder", "revokeCert", "keyChange"];
      const directory = Object.fromEntries(resources.map((name) => [name, `${origin}/${name}`]));
      const body = JSON.stringify(directory);
      if (answered++ === 0) {
        await conn.read(new Uint8Array(4096));
        const head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n";
        await conn.write(
          new TextEncoder().encode(`${head}Content-Length: ${body.length}\r\n\r\n${body}`),
        );
      }
      conn.close();
    }
  })();
  const { code, out, err } = await run([`${origin}/directory`]);
  listener.close();
  await serving;
  assertEquals(code, 99);
  assertMatch(err, /ended after \d of \d+ cases, because the server gives no answers any more: /);
  assertEquals(out.match(/✗/g)!.length <= 4, true);
});

Deno.test("conform names --header where the server wants authorization", async () => {
  await withServer(() => new Response("no", { status: 401 }), async (origin) => {
    const { code, err } = await run([`${origin}/directory`]);
    assertEquals(code, 94);
    assertStringIncludes(err, "GET /directory was answered with 401");
    assertStringIncludes(err, "--header 'authorization: Bearer TOKEN'");
    assertEquals(err.includes("Check the URL"), false);
  });
});

Deno.test("conform colours its marks on a terminal, and not with --no-color or NO_COLOR", async () => {
  await withFakeAcme({}, async ({ directory }) => {
    const never = new AbortController().signal;
    const terminal = { outIsTerminal: true };
    const coloured = await run([directory], never, terminal);
    assertStringIncludes(coloured.out, "\u001b[32m✓\u001b[0m 8555");
    assertStringIncludes(coloured.out, "\u001b[31m✗\u001b[0m 8555");
    for (
      const { out } of [
        await run([directory, "--no-color"], never, terminal),
        await run([directory], never, { ...terminal, env: { NO_COLOR: "1" } }),
        await run([directory]),
      ]
    ) assertEquals(out.includes("\u001b"), false);
  });
});

Deno.test("conform refuses a --timeout that is no duration", async () => {
  for (const timeout of ["soon", "0s"]) {
    const { code, err } = await run(["https://ca.test/dir", "--timeout", timeout]);
    assertEquals(code, 104);
    assertStringIncludes(err, "--timeout: must be a duration such as 90s or 10m");
  }
});
