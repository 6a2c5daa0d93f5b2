/** The validator's side of these is tested against a real one in pebble_test.ts. */
import { createHash, X509Certificate } from "node:crypto";
import { connect } from "node:tls";
import {
  challengeCertificate,
  selfSigned,
} from "../../../src/acme/challenge/challenge_certificate.ts";
import { readClientHello } from "../../../src/tls13/client_hello.ts";
import { serverFlight } from "../../../src/tls13/server_flight.ts";
import { generateKey } from "../../../src/keys/keys.ts";
import { signatureOver, subjectAltName } from "../../../src/keys/x509.ts";
import { ProofTable } from "../../../src/acme/challenge/proofs.ts";
import { serveTlsAlpn01 } from "../../../src/acme/challenge/tls_alpn01.ts";
import { freePorts } from "../pebble.ts";
import { acmeSettings } from "../../../src/lab/acme/options.ts";
import type { Validation } from "../../../src/lab/acme/validations.ts";
import { validateTlsAlpn01 } from "../../../src/lab/acme/validators/tls_alpn01.ts";
import { assert, assertEquals, assertRejects, assertStringIncludes } from "../../assert.ts";

const key = await generateKey("ES256");

Deno.test("challengeCertificate() has the name and the digest in a critical extension (RFC 8737 section 3)", async () => {
  const proof = { name: "a.test", keyAuthorization: "tok.thumb" };
  const certificate = await challengeCertificate(key, proof, Date.now());
  const digest = createHash("sha256").update("tok.thumb").digest("hex");
  // acmeIdentifier, critical, OCTET STRING in OCTET STRING
  assertStringIncludes(hex(certificate), `06082b0601050507011f0101ff04220420${digest}`);
  const parsed = new X509Certificate(certificate as never);
  assertEquals(parsed.subjectAltName, "DNS:a.test");
  assertEquals(parsed.verify(parsed.publicKey), true);
  assertEquals([parsed.subject, parsed.issuer], ["CN=certload", "CN=certload"]);
  assert(parsed.serialNumber.length >= 20, parsed.serialNumber);
});

Deno.test("a challenge's certificate is good for a day before and after now", async () => {
  const nowMs = Date.parse("2026-11-28T08:00:00Z");
  const proof = { name: "a.test", keyAuthorization: "tok.thumb" };
  const { validFrom, validTo } = new X509Certificate(
    await challengeCertificate(key, proof, nowMs) as never,
  );
  assertEquals([validFrom, validTo].map((date) => new Date(date).toISOString()), [
    "2026-11-27T08:00:00.000Z",
    "2026-11-29T08:00:00.000Z",
  ]);
});

Deno.test("of several challenges for a name the newest is shown, as the lab's validator sees it", async () => {
  const proofs = new ProofTable();
  const [port] = freePorts(1) as [number];
  const stop = await serveTlsAlpn01({ hostname: "127.0.0.1", port }, proofs);
  const [older, newer] = ["old", "new"].map((token) => {
    const proof = { type: "tls-alpn-01", name: "a.test", token, keyAuthorization: `${token}.k` };
    return proof as Validation;
  });
  const settings = acmeSettings({ tlsAlpn01Port: port });
  const validate = (proof: Validation): Promise<void> =>
    validateTlsAlpn01(proof, settings, new AbortController().signal);
  proofs.put(older!);
  await validate(older!);
  proofs.put(newer!);
  await validate(newer!);
  await assertRejects(() => validate(older!));
  await stop();
});

Deno.test("serverFlight() completes a TLS 1.3 handshake with the certificate and the protocol", async () => {
  const certificate = await selfSigned(key, [subjectAltName(["a.test"])], Date.now());
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const server = serveOnce(listener, certificate);
  const peer = await new Promise<{ protocol: unknown; raw: Uint8Array; version: unknown }>(
    (resolve, reject) => {
      const socket = connect({
        port: listener.addr.port,
        host: "127.0.0.1",
        servername: "a.test",
        ALPNProtocols: ["acme-tls/1"],
        rejectUnauthorized: false,
      }, () => {
        const { raw } = socket.getPeerCertificate();
        resolve({ protocol: socket.alpnProtocol, raw, version: socket.getProtocol() });
        socket.destroy();
      });
      socket.on("error", reject);
    },
  );
  await server;
  assertEquals([peer.protocol, peer.version], ["acme-tls/1", "TLSv1.3"]);
  assertEquals(hex(peer.raw), hex(certificate));
});

async function serveOnce(listener: Deno.TcpListener, certificate: Uint8Array): Promise<void> {
  const connection = await listener.accept();
  const buffer = new Uint8Array(16_384);
  let length = 0;
  let hello = readClientHello(buffer.subarray(0, length));
  while (hello === "incomplete") {
    length += await connection.read(buffer.subarray(length)) ?? 0;
    hello = readClientHello(buffer.subarray(0, length));
  }
  if (hello === "bad") throw new Error("The hello is bad");
  const flight = await serverFlight(hello, {
    certificate,
    sign: (data) => signatureOver(key, data),
    protocol: "acme-tls/1",
  });
  await connection.write(flight);
  while (await connection.read(buffer).catch(() => null) !== null);
  connection.close();
  listener.close();
}

function hex(octets: Uint8Array): string {
  return Array.from(octets, (octet) => octet.toString(16).padStart(2, "0")).join("");
}
