import { createHash } from "node:crypto";
import { connect } from "node:tls";
import { isFailure } from "../../../src/http/failure.ts";
import { parseAddress } from "../../../src/acme/challenge/address.ts";
import type { Proof } from "../../../src/acme/challenge/proofs.ts";
import {
  openResponder,
  type Responder,
  type ResponderOptions,
} from "../../../src/acme/challenge/responder.ts";
import { assertEquals, assertStringIncludes } from "../../assert.ts";
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
  const first = await open(options, { index: 0, count: 2 });
  const second = await open(options, { index: 1, count: 2 });
  assertEquals(await second.put(proofOf("http-01", "a.test", "far")), undefined);
  assertEquals(await getText(port!, "far"), [200, "far.thumb"]);
  const closing = first.close(); // waits for the second to leave
  assertEquals((await getText(port!, "far"))[0], 200);
  await second.close();
  await closing;
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
  for (const text of ["127.0.0.1", ":80", "a:b", "::1:53", "a:99999"]) {
    assertEquals(parseAddress(text), undefined);
  }
});
