import { bundleOf } from "../../src/deploy/bundle.ts";
import { HaproxyRuntime } from "../../src/deploy/haproxy_runtime.ts";
import { isFailure } from "../../src/http/failure.ts";
import { assert, assertEquals } from "../assert.ts";
import { testCertificate } from "../servers/certificate.ts";

const NEVER = new AbortController().signal;

type Bundle = Exclude<ReturnType<typeof bundleOf>, string>;

async function bundle(): Promise<Bundle> {
  const { certPem, keyPem } = await testCertificate();
  const made = bundleOf(certPem, keyPem);
  assert(typeof made !== "string");
  return made;
}

/** A runtime API that answers by the first words of what it is told. */
async function withRuntime(
  answers: Readonly<Record<string, string>>,
  test: (socket: string, told: string[]) => Promise<void>,
): Promise<void> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const told: string[] = [];
  const accepting = (async (): Promise<void> => {
    for await (const connection of listener) {
      const buffer = new Uint8Array(64 << 10);
      let text = "";
      while (!text.endsWith(text.includes("<<") ? "\n\n" : "\n")) {
        const read = await connection.read(buffer);
        if (read === null) break;
        text += new TextDecoder().decode(buffer.subarray(0, read));
      }
      told.push(text);
      const answer = Object.entries(answers).find(([start]) => text.startsWith(start))?.[1];
      await connection.write(new TextEncoder().encode(answer ?? "Unknown command\n"));
      connection.close();
    }
  })();
  try {
    await test(`127.0.0.1:${listener.addr.port}`, told);
  } finally {
    listener.close();
    await accepting;
  }
}

const WELL = {
  "set ssl cert": "Transaction created for certificate both.pem!\n\n",
  "commit ssl cert": "Committing both.pem.\nSuccess!\n\n",
};

const runtime = (socket: string, file = "/nowhere"): HaproxyRuntime =>
  new HaproxyRuntime({ socket, certificate: "both.pem", file }, "web-1");

Deno.test("a certificate is set as one text without an empty line, and committed", async () => {
  await withRuntime(WELL, async (socket, told) => {
    const made = await bundle();
    assertEquals(await runtime(socket).install(made, NEVER), undefined);
    const [set = "", commit] = told;
    assertEquals(commit, "commit ssl cert both.pem\n");
    const [head, ...lines] = set.split("\n");
    assertEquals(head, "set ssl cert both.pem <<");
    assertEquals(lines.slice(-2), ["", ""]);
    const payload = lines.slice(0, -2);
    assert(payload.every((line) => line !== ""));
    for (const part of [made.leafPem, made.keyPem]) {
      assert(payload.join("\n").includes(part.trim()));
    }
  });
});

Deno.test("what HAProxy refuses is told in its words, on one line, and nothing stays open", async () => {
  const refusing = { ...WELL, "commit ssl cert": "Can't commit\nkeys do not\x1b[31m match\n" };
  await withRuntime(refusing, async (socket, told) => {
    const { message } = (await runtime(socket).install(await bundle(), NEVER))!;
    assert(message.includes("commit ssl cert") && message.includes("Can't commit"), message);
    assert(!message.includes("\n") && !message.includes("\x1b"));
    assertEquals(told.at(-1), "abort ssl cert both.pem\n");
  });
  await withRuntime({}, async (socket, told) => {
    const { message } = (await runtime(socket).install(await bundle(), NEVER))!;
    assert(message.includes("Unknown command"), message);
    assertEquals(told.length, 1);
  });
});

Deno.test("a socket that is not there is a failure with the reason", async () => {
  const { class: kind, message } =
    (await runtime("/nowhere/admin.sock").install(await bundle(), NEVER))!;
  assertEquals(kind, "client");
  assert(message.includes("web-1") && message.includes("/nowhere/admin.sock"), message);
});

Deno.test("the former certificate is its file's, which must be readable before anything is sent", async () => {
  await withRuntime(WELL, async (socket, told) => {
    assert(isFailure(await runtime(socket).former()));
    const file = await Deno.makeTempFile();
    try {
      await Deno.writeTextFile(file, "FORMER\n");
      const former = await runtime(socket, file).former();
      assert(former !== undefined && !isFailure(former));
      assertEquals(told, []);
      assertEquals(await former.restore(new AbortController().signal), undefined);
      assertEquals(told[0], "set ssl cert both.pem <<\nFORMER\n\n");
    } finally {
      await Deno.remove(file);
    }
  });
});

Deno.test("a runtime API that never answers holds up nothing once the run is stopped", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const connections: Deno.Conn[] = [];
  const stop = new AbortController();
  const accepting = (async (): Promise<void> => {
    for await (const connection of listener) {
      connections.push(connection);
      stop.abort();
    }
  })();
  const failure = await runtime(`127.0.0.1:${listener.addr.port}`).install(
    await bundle(),
    stop.signal,
  );
  assertEquals(failure?.class, "interrupted");
  assertEquals(connections.length, 1);
  listener.close();
  await accepting;
  connections[0]!.close();
});

Deno.test("the former certificate is a file and nothing else: a folder or a device is not read", async () => {
  const failure = await runtime("127.0.0.1:1", Deno.cwd()).former();
  assert(isFailure(failure) && failure.message.includes("is no file"), JSON.stringify(failure));
});
