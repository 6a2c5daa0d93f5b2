/** What every behaviour of `hostile.ts` comes to for whoever sends the request. */
import { assert, assertEquals } from "../assert.ts";
import { createClient } from "../../src/http/client.ts";
import type { ClientOptions, Exchange } from "../../src/http/http.ts";
import { issue, type Issued } from "./certificates.ts";
import { type Behaviour, BEHAVIOURS, MAX_BODY_BYTES, type Served } from "./hostile.ts";
import { serve } from "./scripted_server.ts";

const TIMEOUT_MS = 400;
/** Whoever awaits no timeout is given the time of a busy host. */
const LONG_MS = 20_000;

const root = await issue({ names: ["Root"], ca: true });
const good = await issue({ issuer: root });
const SERVED: Readonly<Record<Served, () => Promise<Issued>>> = {
  "expired": () => issue({ issuer: root, notAfter: new Date(Date.now() - 3_600_000) }),
  "other name": () => issue({ issuer: root, names: ["other.example"] }),
  "unknown issuer": async () => issue({ issuer: await issue({ names: ["Other"], ca: true }) }),
  "self-signed": () => issue(),
};

async function met({ way, script, served, expected, ...more }: Behaviour): Promise<Exchange> {
  const secure = way === "tls" || way === "h2";
  const certificate = served === undefined ? good : await SERVED[served]();
  const alpn = more.alpn ?? (way === "h2" ? ["h2"] : ["http/1.1"]);
  const server = serve(script, secure ? { certificate, chain: [root], alpn } : {});
  const tls = { insecureSkipVerify: false, caPem: root.certPem };
  const protocol = way === "h2" ? "h2" : "http/1.1";
  const options: ClientOptions = { tls, protocol, maxBodyBytes: MAX_BODY_BYTES };
  const client = await createClient(options);
  const scheme = way === "plain" ? "http" : "https";
  const body = more.bodyBytes === undefined ? {} : { body: new Uint8Array(more.bodyBytes) };
  try {
    return await client.send({
      method: more.bodyBytes === undefined ? "GET" : "POST",
      url: new URL(`${scheme}://127.0.0.1:${server.port}/`),
      headers: {},
      ...body,
    }, { timeoutMs: expected === "timeout" ? TIMEOUT_MS : LONG_MS });
  } finally {
    client.close();
    await server.close();
  }
}

/** It keeps the socket of a handshake that is given up until the server closes it. */
const OLD_DENO = Deno.version.deno.startsWith("2.7.");

for (const behaviour of BEHAVIOURS) {
  const { name, way, expected } = behaviour;
  const ignore = OLD_DENO && way === "bare" && expected === "timeout";
  const reason = ignore ? " (skipped: Deno 2.7 keeps the socket)" : "";
  Deno.test({
    name: `a server's answer: ${name} is ${expected}${reason}`,
    ignore,
    fn: async () => {
      const { failure, status, body, startedUs, endedUs } = await met(behaviour);
      assertEquals(failure?.class ?? status, expected, failure?.message);
      assert(body.length <= MAX_BODY_BYTES);
      assert(endedUs - startedUs < LONG_MS * 1000);
      if (failure === undefined) return;
      assert(failure.message.length > 10 && failure.message.length < 500, failure.message);
      assert(!/\p{Cc}/u.test(failure.message), JSON.stringify(failure.message));
    },
  });
}

Deno.test("the table has each behaviour once, and at least a hundred", () => {
  assertEquals(new Set(BEHAVIOURS.map(({ name }) => name)).size, BEHAVIOURS.length);
  assert(BEHAVIOURS.length >= 100, `${BEHAVIOURS.length}`);
});
