import { createSocket } from "node:dgram";
import { acmeSettings } from "../../../../src/lab/acme/options.ts";
import { Problem } from "../../../../src/lab/acme/problem.ts";
import type { Validation } from "../../../../src/lab/acme/validations.ts";
import { Validations } from "../../../../src/lab/acme/validations.ts";
import { validateDns01 } from "../../../../src/lab/acme/validators/dns01.ts";
import { validateHttp01 } from "../../../../src/lab/acme/validators/http01.ts";
import { validateTlsAlpn01 } from "../../../../src/lab/acme/validators/tls_alpn01.ts";
import { assertEquals, assertMatch, assertRejects } from "../../../assert.ts";
import { settle } from "../../../virtual_clock.ts";

const VALIDATION: Validation = {
  type: "http-01",
  name: "a.test",
  token: "token",
  keyAuthorization: "token.thumbprint",
};
const NEVER = new AbortController().signal;

/** A server that answers every connection with these bytes, and what it was sent. */
async function withTcpServer(
  answers: readonly string[],
  test: (port: number, requests: string[]) => Promise<void>,
): Promise<void> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const requests: string[] = [];
  const serving = (async () => {
    for (const answer of answers) {
      const conn = await listener.accept();
      const buffer = new Uint8Array(4096);
      const length = await conn.read(buffer);
      requests.push(new TextDecoder().decode(buffer.subarray(0, length ?? 0)));
      await conn.write(new TextEncoder().encode(answer)).catch(() => {});
      conn.close();
    }
  })();
  try {
    await test((listener.addr as Deno.NetAddr).port, requests);
    await serving;
  } finally {
    listener.close();
  }
}

async function problemOf(promise: Promise<void>): Promise<[string, string]> {
  const { document } = await assertRejects(() => promise, Problem) as Problem;
  return [document.type.replace(/.*:/, ""), document.detail];
}

Deno.test("http-01 asks for the token, by the name", async () => {
  await withTcpServer(["HTTP/1.1 200 OK\r\n\r\ntoken.thumbprint\n"], async (port, requests) => {
    await validateHttp01(VALIDATION, acmeSettings({ http01Port: port }), NEVER);
    assertMatch(requests[0]!, /^GET \/.well-known\/acme-challenge\/token HTTP\/1.1\r\n/);
    assertMatch(requests[0]!, new RegExp(`\r\nHost: a.test:${port}\r\n`));
  });
});

Deno.test("http-01 asks for an address by itself, in brackets where it is IPv6 (RFC 8738 section 5)", async () => {
  const answer = "HTTP/1.1 200 OK\r\n\r\ntoken.thumbprint";
  await withTcpServer([answer, answer], async (port, requests) => {
    for (const [name, host] of [["192.0.2.1", "192.0.2.1"], ["2001:db8::1", "[2001:db8::1]"]]) {
      const validation = { ...VALIDATION, name: name! };
      await validateHttp01(validation, acmeSettings({ http01Port: port }), NEVER);
      assertEquals(requests.at(-1)!.includes(`\r\nHost: ${host}:${port}\r\n`), true);
    }
  });
});

Deno.test("http-01 takes bodies with a length and in chunks", async () => {
  const answers = [
    "HTTP/1.1 200 OK\r\nContent-Length: 16\r\n\r\ntoken.thumbprint",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10\r\ntoken.thumbprint\r\n0\r\n\r\n",
  ];
  await withTcpServer(answers, async (port) => {
    for (const _ of answers) {
      await validateHttp01(VALIDATION, acmeSettings({ http01Port: port }), NEVER);
    }
  });
});

Deno.test("http-01 follows redirects by their path, to the same address", async () => {
  const answers = [
    "HTTP/1.1 302 Found\r\nLocation: http://elsewhere.test:1/x?y\r\n\r\n",
    "HTTP/1.1 200 OK\r\n\r\ntoken.thumbprint",
  ];
  await withTcpServer(answers, async (port, requests) => {
    await validateHttp01(VALIDATION, acmeSettings({ http01Port: port }), NEVER);
    assertMatch(requests[1]!, /^GET \/x\?y HTTP/);
  });
});

Deno.test("http-01 gives up on endless redirects, wrong answers and what is no HTTP", async () => {
  const loop = "HTTP/1.1 302 Found\r\nLocation: /again\r\n\r\n";
  const cases: [string[], string, RegExp][] = [
    [Array(11).fill(loop), "incorrectResponse", /more than 10 redirects/],
    [["HTTP/1.1 404 Not Found\r\n\r\n"], "incorrectResponse", /status 404/],
    [["HTTP/1.1 200 OK\r\n\r\nother"], "incorrectResponse", /"other"/],
    [["SSH-2.0-x\r\n\r\n"], "connection", /no HTTP/],
    [[""], "connection", /no HTTP/],
    [["HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n"], "connection", /too large/],
    [["HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx"], "connection", /middle/],
    [[`HTTP/1.1 200 OK\r\n\r\n${"x".repeat(20_000)}`], "connection", /too long/],
  ];
  for (const [answers, type, detail] of cases) {
    await withTcpServer(answers, async (port) => {
      const settings = acmeSettings({ http01Port: port });
      const problem = await problemOf(validateHttp01(VALIDATION, settings, NEVER));
      assertEquals(problem[0], type);
      assertMatch(problem[1], detail);
    });
  }
});

Deno.test("tls-alpn-01 gives up on what is no TLS", async () => {
  for (
    const answer of ["", "HTTP/1.1 400 Bad Request\r\n\r\n", "\u0015\u0003\u0003\0\u0002\u0002x"]
  ) {
    await withTcpServer([answer], async (port) => {
      const settings = acmeSettings({ tlsAlpn01Port: port });
      const [type] = await problemOf(validateTlsAlpn01(VALIDATION, settings, NEVER));
      assertEquals(type, "tls");
    });
  }
});

Deno.test("a validator ends when its time is over", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const socket = createSocket("udp4");
  await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", () => resolve()));
  const { port } = listener.addr as Deno.NetAddr;
  const settings = acmeSettings({
    http01Port: port,
    tlsAlpn01Port: port,
    dns01Resolver: `127.0.0.1:${socket.address().port}`,
  });
  const cases = [
    [validateHttp01, "connection"],
    [validateTlsAlpn01, "tls"],
    [validateDns01, "dns"],
  ] as const;
  for (const [validate, type] of cases) {
    const over = new AbortController();
    const problem = problemOf(validate(VALIDATION, settings, over.signal));
    const conn = type === "dns" ? undefined : await listener.accept();
    over.abort();
    assertEquals((await problem)[0], type);
    conn?.close();
  }
  await new Promise<void>((resolve) => socket.close(() => resolve()));
  listener.close();
});

Deno.test("each type has its own slots, and what waits comes in turn", async () => {
  const started: string[] = [];
  const finish = new Map<string, () => void>();
  const validator = ({ name }: Validation): Promise<void> => {
    started.push(name);
    return new Promise((resolve) => finish.set(name, resolve));
  };
  const validations = new Validations({
    settings: acmeSettings({ validationConcurrency: 2 }),
    validators: { "http-01": validator, "dns-01": validator, "tls-alpn-01": validator },
    log: () => {},
  });
  const settled: string[] = [];
  for (const name of ["a", "b", "c", "d"]) {
    validations.start({ ...VALIDATION, name }, () => settled.push(name));
  }
  validations.start({ ...VALIDATION, type: "dns-01", name: "e" }, () => settled.push("e"));
  await settle();
  assertEquals(started, ["a", "b", "e"]);
  finish.get("b")!();
  await settle();
  assertEquals([started, settled], [["a", "b", "e", "c"], ["b"]]);
  for (const name of ["a", "c", "e"]) finish.get(name)!();
  await settle();
  finish.get("d")!();
  await validations.close();
  assertEquals(started.at(-1), "d");
});

Deno.test("a validator that throws is a connection problem, and nothing is settled after the end", async () => {
  const problems: unknown[] = [];
  const validator = (_: Validation, __: unknown, signal: AbortSignal): Promise<void> =>
    new Promise((_, reject) => signal.addEventListener("abort", () => reject(new Error("cut"))));
  const broken = (): Promise<void> => Promise.reject(new Error("broken"));
  const validations = new Validations({
    settings: acmeSettings(),
    validators: { "http-01": validator, "dns-01": broken, "tls-alpn-01": validator },
    log: () => {},
  });
  validations.start({ ...VALIDATION, type: "dns-01" }, (problem) => problems.push(problem?.type));
  await settle();
  assertEquals(problems, ["urn:ietf:params:acme:error:connection"]);
  validations.start(VALIDATION, (problem) => problems.push(problem));
  await validations.close();
  assertEquals(problems.length, 1);
});
