// @ts-types="../../../src/acme/challenge/dns_packet.d.ts"
import dns from "dns-packet";
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { createSocket } from "node:dgram";
import { connect } from "node:tls";
import { isFailure } from "../../../src/http/failure.ts";
import { parseAddress } from "../../../src/acme/challenge/address.ts";
import type { Proof } from "../../../src/acme/challenge/proofs.ts";
import {
  openResponder,
  type Responder,
  type ResponderOptions,
} from "../../../src/acme/challenge/responder.ts";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "../../assert.ts";
import { freePorts } from "../pebble.ts";

const ALONE = { index: 0, count: 1 };

async function withResponder(
  type: Proof["type"],
  test: (responder: Responder, port: number, dnsPort: number) => Promise<void>,
): Promise<void> {
  const [port, dnsPort] = freePorts(2) as [number, number];
  const responder = await open({
    type,
    listen: `127.0.0.1:${port}`,
    dns: type === "dns-01" ? undefined : `127.0.0.1:${dnsPort}`,
    dnsAnswer: "127.0.0.9",
  });
  try {
    await test(responder, port, type === "dns-01" ? port : dnsPort);
  } finally {
    await responder.close();
  }
}

async function open(options: ResponderOptions, share = ALONE): Promise<Responder> {
  const responder = await openResponder(options, share);
  if (isFailure(responder)) throw new Error(responder.message);
  return responder;
}

const proofOf = (type: Proof["type"], name = "a.test", token = "tok"): Proof => ({
  type,
  name,
  token,
  keyAuthorization: `${token}.thumb`,
});

async function getText(port: number, token: string): Promise<[number, string]> {
  const response = await fetch(`http://127.0.0.1:${port}/.well-known/acme-challenge/${token}`);
  return [response.status, await response.text()];
}

Deno.test("the http-01 responder shows a key authorization while its challenge is open", async () => {
  await withResponder("http-01", async (responder, port) => {
    assertEquals((await getText(port, "tok"))[0], 404);
    await responder.put(proofOf("http-01"));
    assertEquals(await getText(port, "tok"), [200, "tok.thumb"]);
    const elsewhere = await fetch(`http://127.0.0.1:${port}/.well-known/acme/tok`);
    assertEquals([elsewhere.status, await elsewhere.text()], [404, "No such challenge\n"]);
    responder.remove(proofOf("http-01"));
    assertEquals((await getText(port, "tok"))[0], 404);
  });
});

Deno.test("the dns-01 responder has a TXT record for each open challenge of a name, over UDP and TCP", async () => {
  await withResponder("dns-01", async (responder, port) => {
    const nameServer = { ipAddr: "127.0.0.1", port };
    await responder.put(proofOf("dns-01", "a.test", "one"));
    await responder.put(proofOf("dns-01", "a.test", "two"));
    const records = await Deno.resolveDns("_acme-challenge.A.test", "TXT", { nameServer });
    const digest = (token: string): string =>
      createHash("sha256").update(`${token}.thumb`).digest("base64url");
    assertEquals(records.flat().sort(), [digest("one"), digest("two")].sort());
  });
});

/** What a name server answers on one connection, each query behind its length. */
async function overTcp(port: number, queries: readonly Uint8Array[]): Promise<unknown[]> {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port });
  const exactly = async (length: number): Promise<Uint8Array | undefined> => {
    const octets = new Uint8Array(length);
    for (let have = 0; have < length;) {
      const read = await connection.read(octets.subarray(have)).catch(() => null);
      if (read === null) return undefined;
      have += read;
    }
    return octets;
  };
  const answers: unknown[] = [];
  for (const query of queries) {
    const framed = Uint8Array.of(query.length >> 8, query.length & 255, ...query);
    // In two parts, so that one has to be waited for.
    await connection.write(framed.subarray(0, 5));
    await connection.write(framed.subarray(5));
    const length = await exactly(2);
    if (length === undefined) {
      answers.push("closed");
      break;
    }
    const message = await exactly(length[0]! * 256 + length[1]!);
    answers.push(dns.decode(Buffer.from(message!)).answers.map(({ name, data }) => [name, data]));
  }
  connection.close();
  return answers;
}

Deno.test("over TCP a name server answers query after query, long ones too, and ends with what is none", async () => {
  const long = [63, 63, 63, 50].map((length) => "a".repeat(length)).join(".");
  const query = (name: string): Uint8Array => {
    const questions = [{ name, type: "A", class: "IN" }];
    return dns.encode({ type: "query", id: 1, flags: 0, questions, answers: [] });
  };
  await withResponder("dns-01", async (_, port) => {
    const queries = [query("a.test"), query(long), Uint8Array.of(1, 2, 3), query("a.test")];
    assert(query(long).length > 256);
    assertEquals(await overTcp(port, queries), [
      [["a.test", "127.0.0.9"]],
      [[long, "127.0.0.9"]],
      "closed",
    ]);
  });
});

Deno.test("a name server whose UDP port is taken leaves its TCP port to others", async () => {
  const socket = createSocket("udp4");
  await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
  const { port } = socket.address();
  const options = { type: "dns-01", listen: `127.0.0.1:${port}`, dnsAnswer: "127.0.0.1" } as const;
  const failure = await openResponder(options, ALONE);
  assertEquals(isFailure(failure) && failure.class, "client");
  Deno.listen({ hostname: "127.0.0.1", port }).close();
  await new Promise<void>((resolve) => socket.close(() => resolve()));
});

Deno.test("a responder whose name server cannot listen is closed, and its port is free again", async () => {
  const [port] = freePorts(1);
  const taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const dns = `127.0.0.1:${taken.addr.port}`;
  const listen = `127.0.0.1:${port}`;
  const options = { type: "http-01", listen, dns, dnsAnswer: "127.0.0.1" } as const;
  const failure = await openResponder(options, ALONE);
  assertStringIncludes((failure as { message: string }).message, `Cannot listen on ${dns} for dns`);
  taken.close();
  Deno.listen({ hostname: "127.0.0.1", port: port! }).close();
});

Deno.test("an address that is not this host's is told with the system's reason", async () => {
  const options = { type: "http-01", listen: "192.0.2.1:5002", dnsAnswer: "127.0.0.1" } as const;
  const failure = await openResponder(options, ALONE);
  assertMatch(
    (failure as { message: string }).message,
    /^Cannot listen on 192\.0\.2\.1:5002 for http-01: .+; choose another address in the plan/,
  );
});

Deno.test("a responder's DNS server gives its address to every name", async () => {
  await withResponder("http-01", async (_, __, dnsPort) => {
    const nameServer = { ipAddr: "127.0.0.1", port: dnsPort };
    assertEquals(await Deno.resolveDns("any.example.test", "A", { nameServer }), ["127.0.0.9"]);
  });
});

Deno.test("the tls-alpn-01 responder hangs up on a name without challenge and on another protocol", async () => {
  await withResponder("tls-alpn-01", async (responder, port) => {
    await responder.put(proofOf("tls-alpn-01"));
    for (const [servername, protocol] of [["b.test", "acme-tls/1"], ["a.test", "h2"]]) {
      const outcome = await new Promise((resolve) => {
        const options = { port, host: "127.0.0.1", servername, ALPNProtocols: [protocol!] };
        connect(options, () => resolve("connected")).on("error", () => resolve("refused"));
      });
      assertEquals(outcome, "refused");
    }
  });
});

Deno.test("a responder in another worker shows its proofs through the one that listens", async () => {
  const [port] = freePorts(1);
  const options: ResponderOptions = {
    type: "http-01",
    listen: `127.0.0.1:${port}`,
    dnsAnswer: "127.0.0.1",
  };
  const [first, second, third] = [
    await open(options, { index: 0, count: 3 }),
    await open(options, { index: 1, count: 3 }),
    await open(options, { index: 2, count: 3 }),
  ];
  assertEquals(await second.put(proofOf("http-01", "a.test", "far")), undefined);
  assertEquals(await getText(port!, "far"), [200, "far.thumb"]);
  assertEquals(await second.put(proofOf("http-01", "b.test", "near")), undefined);
  second.remove(proofOf("http-01", "a.test", "far"));
  assertEquals(await third.put(proofOf("http-01", "c.test", "last")), undefined);
  // What came before that is done: messages of a channel keep their order.
  assertEquals((await getText(port!, "far"))[0], 404);
  const closing = first.close(); // waits for the others to leave
  await second.close();
  assertEquals(await getText(port!, "near"), [200, "near.thumb"]);
  await third.close();
  await closing;
  Deno.listen({ hostname: "127.0.0.1", port: port! }).close();
});

Deno.test("two scenarios of a worker share the responder of an address", async () => {
  const [port] = freePorts(1);
  const options: ResponderOptions = {
    type: "http-01",
    listen: `127.0.0.1:${port}`,
    dnsAnswer: "127.0.0.1",
  };
  const first = await open(options);
  const second = await open(options);
  await second.put(proofOf("http-01"));
  await first.close();
  assertEquals((await getText(port!, "tok"))[0], 200);
  await second.close();
  Deno.listen({ hostname: "127.0.0.1", port: port! }).close();
});

Deno.test("openResponder() names the address that is in use, for every type", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const listen = `127.0.0.1:${listener.addr.port}`;
  for (const type of ["http-01", "tls-alpn-01", "dns-01"] as const) {
    const failure = await openResponder({ type, listen, dnsAnswer: "127.0.0.1" }, ALONE);
    assertEquals(isFailure(failure) && failure.class, "client");
    assertStringIncludes(
      (failure as { message: string }).message,
      `Cannot listen on ${listen} for ${type}: something else listens there`,
    );
  }
  listener.close();
});

Deno.test("parseAddress() takes names, IPv4 and IPv6 in brackets, and needs a port", () => {
  assertEquals(parseAddress("127.0.0.1:80"), { hostname: "127.0.0.1", port: 80 });
  assertEquals(parseAddress("[::1]:53"), { hostname: "::1", port: 53 });
  assertEquals(parseAddress("a.test:65535"), { hostname: "a.test", port: 65535 });
  for (const text of ["a:65536", "127.0.0.1", ":80", "a:b", "::1:53", "a:99999"]) {
    assertEquals(parseAddress(text), undefined);
  }
});
