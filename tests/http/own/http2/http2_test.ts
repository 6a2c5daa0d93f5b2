import { assert, assertEquals, assertMatch } from "../../../assert.ts";
import { createClient } from "../../../../src/http/client.ts";
import type {
  ClientOptions,
  Exchange,
  HttpClient,
  HttpRequest,
  SendOptions,
} from "../../../../src/http/http.ts";
import { issue } from "../../certificates.ts";
import { always, serve } from "../../scripted_server.ts";

const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

interface Setting {
  readonly url: URL;
  readonly client: HttpClient;
  /** Connections the server has seen, by the client's port. */
  readonly ports: ReadonlySet<number>;
  get(path: string, options?: Partial<SendOptions>): Promise<Exchange>;
  send(request: Partial<HttpRequest>, options?: Partial<SendOptions>): Promise<Exchange>;
}

type Handler = (request: Request) => Response | Promise<Response>;

function test(
  name: string,
  handler: Handler,
  act: (setting: Setting) => Promise<void>,
  options: Partial<ClientOptions> = {},
): void {
  Deno.test(`HTTP/2: ${name}`, () => using(handler, act, options));
}

async function using(
  handler: Handler,
  act: (setting: Setting) => Promise<void>,
  options: Partial<ClientOptions>,
): Promise<void> {
  const certificate = await issue();
  const ports = new Set<number>();
  const server = Deno.serve({
    hostname: "127.0.0.1",
    port: 0,
    key: certificate.keyPem,
    cert: certificate.certPem,
    onListen: () => {},
    onError: () => new Response(null, { status: 500 }),
  }, (request, info) => {
    ports.add((info.remoteAddr as Deno.NetAddr).port);
    return handler(request);
  });
  const url = new URL(`https://localhost:${server.addr.port}/`);
  const tls = { insecureSkipVerify: false, caPem: certificate.certPem };
  const client = await createClient({ tls, protocol: "h2", maxBodyBytes: 100_000, ...options });
  const send: Setting["send"] = (request, sendOptions) =>
    client.send({ method: "GET", url, headers: {}, ...request }, {
      timeoutMs: 5_000,
      ...sendOptions,
    });
  const get: Setting["get"] = (path, sendOptions) => send({ url: new URL(path, url) }, sendOptions);
  try {
    await act({ url, client, ports, get, send });
  } finally {
    client.close();
    await server.shutdown();
  }
}

/** Answers only once the client wants no answer any more. */
function untilGivenUp({ signal }: Request): Promise<Response> {
  return new Promise((resolve) => {
    signal.addEventListener("abort", () => resolve(new Response(null)));
  });
}

function bodyOf(exchange: Exchange): string {
  return new TextDecoder().decode(exchange.body);
}

test(
  "reads status, headers and body, and tells the peer and the phases",
  () => new Response("hello", { status: 201, headers: { "X-A": "b" } }),
  async ({ get, ports }) => {
    const first = await get("/a"), second = await get("/b");
    for (const exchange of [first, second]) {
      assertEquals([exchange.status, bodyOf(exchange), exchange.protocol], [201, "hello", "h2"]);
      assertEquals(exchange.header("x-a"), "b");
      assertEquals(exchange.certificate?.keyType, "ECDSA P-256");
      assert(exchange.ttfbUs! > 0 && exchange.bytesReceived > 5 && exchange.bytesSent > 0);
    }
    assert(first.tlsUs! > 0 && first.connectUs! > 0);
    assertEquals([first.reused, second.reused, second.tlsUs], [false, true, undefined]);
    assertEquals(ports.size, 1);
  },
);

test(
  "sends method, headers and body",
  async (request) =>
    new Response(`${request.method} ${request.headers.get("x-a")} ${await request.text()}`),
  async ({ send }) => {
    const body = new TextEncoder().encode("hello");
    const exchange = await send({ method: "POST", headers: { "X-A": "b" }, body });
    assertEquals(bodyOf(exchange), "POST b hello");
  },
);

test(
  "knows that HEAD and 204 have no body",
  (request) => new Response(null, { status: request.method === "HEAD" ? 200 : 204 }),
  async ({ get, send }) => {
    assertEquals((await send({ method: "HEAD" })).status, 200);
    assertEquals((await get("/")).status, 204);
  },
);

test(
  "shares one connection among requests of any method, and opens one ahead",
  () => new Response("ok"),
  async ({ client, url, send, ports }) => {
    assertEquals(await client.open(url, 20, 2_000), 20);
    const exchanges = await Promise.all(
      Array.from({ length: 20 }, (_, i) => send({ method: i % 2 ? "POST" : "GET" })),
    );
    assertEquals(exchanges.map(({ status }) => status), Array(20).fill(200));
    assertEquals(exchanges.filter(({ tlsUs }) => tlsUs !== undefined), []);
    assertEquals(ports.size, 1);
  },
);

test(
  "requests that find the connection being made wait for it",
  () => new Response("ok"),
  async ({ get, ports }) => {
    const exchanges = await Promise.all(Array.from({ length: 20 }, () => get("/")));
    assertEquals(exchanges.map(({ status }) => status), Array(20).fill(200));
    assertEquals(exchanges.filter(({ blockedUs }) => blockedUs > 0).length, 19);
    assertEquals(exchanges.filter(({ tlsUs }) => tlsUs !== undefined).length, 1);
    assertEquals(ports.size, 1);
  },
);

test(
  "opens another connection when one is full of streams",
  () => new Promise((resolve) => setTimeout(() => resolve(new Response("ok")), 50)),
  async ({ get, ports }) => {
    const exchanges = await Promise.all(Array.from({ length: 150 }, () => get("/")));
    assertEquals(exchanges.filter(({ status }) => status !== 200), []);
    assertEquals(ports.size, 2);
  },
);

test("a fresh request has a connection of its own", () => new Response("ok"), async (setting) => {
  await setting.get("/");
  for (let i = 0; i < 2; i++) {
    const fresh = await setting.get("/", { fresh: true });
    assertEquals([fresh.status, fresh.reused], [200, false]);
    assert(fresh.tlsUs! > 0);
  }
  assertEquals([(await setting.get("/")).reused, setting.ports.size], [true, 3]);
});

test(
  "no answer in time is a failure of class timeout, and others on the connection go on",
  (request) => request.url.endsWith("/never") ? untilGivenUp(request) : new Response("ok"),
  async ({ get }) => {
    const [never, fine] = await Promise.all([get("/never", { timeoutMs: 80 }), get("/")]);
    assertEquals([never.failure?.class, fine.status], ["timeout", 200]);
    assertEquals((await get("/")).reused, true);
  },
);

test(
  "an aborted signal and a closed client end what is under way",
  untilGivenUp,
  async ({ client, get }) => {
    const controller = new AbortController();
    const aborted = get("/", { signal: controller.signal }), closed = get("/");
    setTimeout(() => controller.abort(), 30);
    assertEquals((await aborted).failure?.class, "interrupted");
    client.close();
    assertEquals((await closed).failure?.class, "interrupted");
    assertEquals((await get("/")).failure?.class, "client");
  },
);

test(
  "a body beyond the limit is a failure of class too_large",
  () => new Response("b".repeat(100_001)),
  async ({ get }) => {
    const { failure, body } = await get("/");
    assertEquals(failure?.class, "too_large");
    assert(body.length <= 100_000);
    assertEquals((await get("/")).failure?.class, "too_large");
  },
);

test(
  "a certificate that is not trusted is a failure of class tls_verify for all that wait",
  () => new Response("ok"),
  async ({ get }) => {
    const exchanges = await Promise.all([get("/"), get("/"), get("/")]);
    assertEquals(exchanges.map(({ failure }) => failure?.class), Array(3).fill("tls_verify"));
  },
  { tls: { insecureSkipVerify: false } },
);

test(
  "auto takes HTTP/2 where the server offers it",
  () => new Response("ok"),
  async ({ get, ports }) => {
    const exchanges = await Promise.all([get("/"), get("/"), get("/")]);
    assertEquals(exchanges.map(({ protocol }) => protocol), ["h2", "h2", "h2"]);
    assertEquals(ports.size, 1);
  },
  { protocol: "auto" },
);

Deno.test("HTTP/2 asked of a server without it is a failure of class protocol", async () => {
  const server = serve(always(OK), { certificate: await issue() });
  const tls = { insecureSkipVerify: true };
  for (const [protocol, expected] of [["h2", "protocol"], ["auto", undefined]] as const) {
    const client = await createClient({ tls, protocol, maxBodyBytes: 1000 });
    const exchange = await client.send({ method: "GET", url: server.url, headers: {} }, {
      timeoutMs: 2_000,
    });
    client.close();
    assertMatch(exchange.failure?.class ?? "fine", new RegExp(`^(${expected ?? "fine"}|client)$`));
    assertEquals(exchange.protocol, expected === undefined ? "http/1.1" : undefined);
  }
  await server.close();
});
