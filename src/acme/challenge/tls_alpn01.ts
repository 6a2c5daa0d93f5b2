/** tls-alpn-01 (RFC 8737): a TLS handshake that shows a certificate made for the challenge, and then the end. */
import { type ClientHello, MAX_HELLO, readClientHello } from "../../tls13/client_hello.ts";
import { serverFlight } from "../../tls13/server_flight.ts";
import { generateKey, type SigningKey } from "../../keys/keys.ts";
import { signatureOver } from "../../keys/x509.ts";
import type { Address } from "./address.ts";
import { challengeCertificate } from "./challenge_certificate.ts";
import type { ProofTable } from "./proofs.ts";
import { acceptAll, writeAll } from "./tcp.ts";

/** A validator that does not come to the point is cut off. */
const CONNECTION_MS = 10_000;
const PROTOCOL = "acme-tls/1";

/** Listens; rejects with Deno.errors.AddrInUse and the like. */
export async function serveTlsAlpn01(
  address: Address,
  proofs: ProofTable,
): Promise<() => Promise<void>> {
  const key = await generateKey("ES256");
  const listener = Deno.listen({ ...address, transport: "tcp" });
  return acceptAll(listener, CONNECTION_MS, async (connection) => {
    const hello = await readHello(connection);
    const flight = hello && await answer(hello, proofs, key);
    if (flight === undefined) return;
    await writeAll(connection, flight);
    const rest = new Uint8Array(4096);
    while (await connection.read(rest) !== null); // until the validator, who has seen it, hangs up
  });
}

async function answer(
  hello: ClientHello,
  proofs: ProofTable,
  key: SigningKey,
): Promise<Uint8Array | undefined> {
  const proof = proofs.find("tls-alpn-01", hello.serverName ?? "").at(-1);
  if (proof === undefined) return undefined;
  const certificate = await challengeCertificate(key, proof, Date.now());
  const sign = (data: Uint8Array): Promise<Uint8Array> => signatureOver(key, data);
  return await serverFlight(hello, { certificate, sign, protocol: PROTOCOL });
}

async function readHello(connection: Deno.TcpConn): Promise<ClientHello | undefined> {
  const buffer = new Uint8Array(MAX_HELLO + 5);
  for (let length = 0; length < buffer.length;) {
    const read = await connection.read(buffer.subarray(length));
    if (read === null) return undefined;
    length += read;
    const hello = readClientHello(buffer.subarray(0, length));
    if (hello === "bad") return undefined;
    if (hello !== "incomplete") return hello;
  }
  return undefined;
}
