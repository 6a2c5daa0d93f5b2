/** Both halves of the handshake, each against the runtime's own TLS as the judge. */
import { sign } from "node:crypto";
import { connect } from "node:tls";
import { ClientHandshake, type ServerShown } from "../../src/tls13/client_handshake.ts";
import { type ClientHello, clientHello, readClientHello } from "../../src/tls13/client_hello.ts";
import { newKeyShare } from "../../src/tls13/key_share.ts";
import { RECORD, record } from "../../src/tls13/messages.ts";
import { HandshakeError } from "../../src/tls13/octets.ts";
import { serverFlight } from "../../src/tls13/server_flight.ts";
import { assert, assertEquals, assertRejects } from "../assert.ts";
import { issue, type Issued } from "../http/certificates.ts";

const PROTOCOL = "acme-tls/1";

function identityOf(
  { certificate, keyPem }: Issued,
  protocol = PROTOCOL,
): Parameters<typeof serverFlight>[1] {
  return {
    certificate: new Uint8Array(certificate.rawData),
    sign: (data: Uint8Array) => Promise.resolve(new Uint8Array(sign("sha256", data, keyPem))),
    protocol,
  };
}

async function helloOf(conn: Deno.Conn): Promise<ClientHello> {
  const buffer = new Uint8Array(16_384);
  for (let length = 0;;) {
    length += await conn.read(buffer.subarray(length)) ?? 0;
    const hello = readClientHello(buffer.subarray(0, length));
    if (hello !== "incomplete") {
      assert(typeof hello !== "string", String(hello));
      return hello;
    }
  }
}

Deno.test("the runtime's TLS client finds the server's flight whole: certificate, signature, protocol, Finished", async () => {
  const issued = await issue({ names: ["a.test"] });
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const serving = (async () => {
    const conn = await listener.accept();
    const hello = await helloOf(conn);
    await conn.write(await serverFlight(hello, identityOf(issued)));
    return { hello, conn };
  })();
  const shown = await new Promise<unknown[]>((resolve, reject) => {
    const socket = connect({
      host: "127.0.0.1",
      port: listener.addr.port,
      servername: "a.test",
      ALPNProtocols: [PROTOCOL],
      rejectUnauthorized: false,
    });
    socket.once("error", reject);
    socket.once("secureConnect", () => {
      const { raw } = socket.getPeerCertificate();
      resolve([socket.getProtocol(), socket.alpnProtocol, new Uint8Array(raw)]);
      socket.destroy();
    });
  });
  const { hello, conn } = await serving;
  assertEquals(shown, ["TLSv1.3", PROTOCOL, identityOf(issued).certificate]);
  assertEquals([hello.serverName, hello.protocols], ["a.test", [PROTOCOL]]);
  conn.close();
  listener.close();
});

/** What the handshake is shown by a server on that port, record by record. */
async function shownBy(port: number, handshake: ClientHandshake): Promise<ServerShown> {
  const conn = await Deno.connect({ hostname: "127.0.0.1", port });
  try {
    await conn.write(handshake.hello);
    const exactly = async (length: number): Promise<Uint8Array> => {
      const octets = new Uint8Array(length);
      for (let at = 0; at < length;) {
        const count = await conn.read(octets.subarray(at));
        assert(count !== null, "the server closed");
        at += count;
      }
      return octets;
    };
    for (;;) {
      const [type, , , high, low] = await exactly(5);
      const shown = await handshake.add(type!, await exactly(high! * 256 + low!));
      if (shown !== undefined) return shown;
    }
  } finally {
    conn.close();
  }
}

Deno.test("of the runtime's TLS server the client reads the certificate and the protocol", async () => {
  const [leaf, root] = [await issue({ names: ["a.test"] }), await issue({ names: ["root.test"] })];
  for (const [protocols, chosen] of [[[PROTOCOL], PROTOCOL], [undefined, undefined]] as const) {
    const listener = Deno.listenTls({
      hostname: "127.0.0.1",
      port: 0,
      cert: leaf.certPem + root.certPem,
      key: leaf.keyPem,
      ...(protocols && { alpnProtocols: [...protocols] }),
    });
    const serving = (async () => {
      const conn = await listener.accept();
      await (conn as Deno.TlsConn).handshake().catch(() => {});
      conn.close();
    })();
    const handshake = await ClientHandshake.create("a.test", PROTOCOL);
    const { certificate, protocol } = await shownBy(listener.addr.port, handshake);
    assertEquals([certificate, protocol], [identityOf(leaf).certificate, chosen]);
    await serving;
    listener.close();
  }
});

Deno.test("a hello is read as it was written, and its random parts differ each time", async () => {
  const share = await newKeyShare(0x001d);
  const [one, two] = [1, 2].map(() => {
    const read = readClientHello(
      record(RECORD.handshake, clientHello("A.Test", PROTOCOL, [share])),
    );
    assert(typeof read !== "string");
    return read;
  });
  const { serverName, protocols, versions, cipherSuites, signatureSchemes, keyShares, sessionId } =
    one!;
  assertEquals([serverName, protocols, versions, cipherSuites], ["a.test", [PROTOCOL], [0x0304], [
    0x1301,
  ]]);
  assertEquals(signatureSchemes.slice(0, 3), [0x0403, 0x0503, 0x0603]);
  assertEquals([...keyShares], [[0x001d, share.publicKey]]);
  assertEquals(sessionId.length, 32);
  assert(sessionId.join() !== two!.sessionId.join(), "the session id is the same");
});

Deno.test("a server serves no hello that lacks what RFC 8737 and TLS 1.3 want of it", async () => {
  const issued = await issue({ names: ["a.test"] });
  const share = await newKeyShare(0x0017);
  const hello = readClientHello(record(RECORD.handshake, clientHello("a.test", PROTOCOL, [share])));
  assert(typeof hello !== "string");
  const serve = (parts: Partial<ClientHello>, protocol = PROTOCOL): Promise<Uint8Array> =>
    serverFlight({ ...hello, ...parts }, identityOf(issued, protocol));
  assertEquals((await serve({}))[0], RECORD.handshake);
  const lacking: Partial<ClientHello>[] = [
    { versions: [0x0303] },
    { cipherSuites: [0x1302] },
    { signatureSchemes: [0x0804] },
    { protocols: ["h2"] },
    { keyShares: new Map([[0x0018, share.publicKey]]) },
    { keyShares: new Map([[0x0017, new Uint8Array(65)]]) },
  ];
  for (const parts of lacking) {
    await assertRejects(() => serve(parts), HandshakeError, "", JSON.stringify(parts));
  }
  await assertRejects(() => serve({}, "h2"), HandshakeError);
});

Deno.test("a hello may fill 16 KiB, and is refused by its length beyond", () => {
  const begun = (length: number): unknown =>
    readClientHello(Uint8Array.of(22, 3, 1, length >> 8, length & 0xff));
  assertEquals([begun(16 * 1024), begun(16 * 1024 + 1)], ["incomplete", "bad"]);
  assertEquals(readClientHello(new Uint8Array(4)), "incomplete");
  assertEquals(readClientHello(Uint8Array.of(23, 3, 1, 0, 0)), "bad");
});
