/** tls-alpn-01 (RFC 8737): a self-signed certificate with the key authorization's digest, for the ALPN acme-tls/1. */
import { createHash } from "node:crypto";
import { readElement } from "../../../der.ts";
import { challengeServerName } from "../../../identifier.ts";
import { ClientHandshake, type ServerShown } from "../../../tls13/client_handshake.ts";
import { HandshakeError } from "../../../tls13/octets.ts";
import { writeAll } from "../../http/incoming.ts";
import { Reader } from "../../http/reader.ts";
import type { AcmeSettings } from "../options.ts";
import { Problem } from "../problem.ts";
import type { Validation } from "../validations.ts";
import { alternativeNames, extensionsOf } from "../x509_reader.ts";
import { failureReason, withConnection } from "./connection.ts";

const PROTOCOL = "acme-tls/1";
const ACME_IDENTIFIER = "1.3.6.1.5.5.7.1.31";
/** A server's first flight is a few kilobytes. */
const MAX_RECORDS = 16;

export async function validateTlsAlpn01(
  { name, keyAuthorization }: Validation,
  settings: AcmeSettings,
  signal: AbortSignal,
): Promise<void> {
  const { protocol, certificate } = await serverFlight(name, settings, signal);
  if (protocol !== PROTOCOL) throw tlsProblem(`${name} did not choose the protocol ${PROTOCOL}`);
  const extensions = extensionsOf(certificate);
  const names = alternativeNames(extensions);
  if (names.length !== 1 || names[0] !== name) {
    throw incorrect(
      name,
      `must have the one name ${name}, it has ${
        names.map((each) => each ?? "another kind").join(", ") || "none"
      }`,
    );
  }
  const identifier = extensions.find(({ type }) => type === ACME_IDENTIFIER);
  if (identifier?.critical !== true) throw incorrect(name, "must have a critical acmeIdentifier");
  const digest = readElement(new Uint8Array(identifier.value))?.contents;
  const expected = createHash("sha256").update(keyAuthorization).digest();
  if (digest === undefined || !expected.equals(digest)) {
    throw incorrect(name, "has the digest of another key authorization");
  }
}

async function serverFlight(
  name: string,
  { validationAddress: hostname, tlsAlpn01Port: port }: AcmeSettings,
  signal: AbortSignal,
): Promise<ServerShown> {
  try {
    return await withConnection({ hostname, port }, signal, async (conn) => {
      const handshake = await ClientHandshake.create(challengeServerName(name), PROTOCOL);
      await writeAll(conn, handshake.hello);
      return await readFlight(new Reader((into) => conn.read(into)), handshake);
    });
  } catch (error) {
    throw tlsProblem(`${name}:${port} was asked, and it gave ${failureReason(error, signal)}`);
  }
}

async function readFlight(reader: Reader, handshake: ClientHandshake): Promise<ServerShown> {
  for (let records = 0; records < MAX_RECORDS; records++) {
    const header = await reader.exactly(5);
    const contents = header && await reader.exactly(header[3]! * 256 + header[4]!);
    if (contents === undefined) throw new HandshakeError("the end during the handshake");
    const flight = await handshake.add(header![0]!, contents);
    if (flight !== undefined) return flight;
  }
  throw new HandshakeError("no certificate");
}

function tlsProblem(detail: string): Problem {
  return new Problem("tls", 400, detail);
}

function incorrect(name: string, what: string): Problem {
  return new Problem("incorrectResponse", 403, `the certificate of ${name} ${what}`);
}
