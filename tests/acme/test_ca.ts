/** A certification authority of a few lines: issues what a request asks for. */
import * as der from "../../src/der.ts";
import { readGeneralName } from "../../src/identifier.ts";
import { generateKey, type SigningKey } from "../../src/keys/keys.ts";
import { signatureAlgorithm, signed, subjectAltName } from "../../src/keys/x509.ts";
import { toPem } from "../../src/pem.ts";

const DAY_MS = 86_400_000;

export interface Issuer {
  readonly key: SigningKey;
  /** PEM of its self-signed certificate. */
  readonly certificate: string;
}

/** From when until when, in milliseconds from now. */
export interface Period {
  readonly fromMs?: number;
  readonly toMs?: number;
}

export async function createIssuer(
  commonName = "test issuer",
  period: Period = {},
  own?: SigningKey,
): Promise<Issuer> {
  const key = own ?? await generateKey("ES256");
  const ca = der.sequence(
    der.oid("2.5.29.19"),
    der.TRUE,
    der.octetString(der.sequence(der.TRUE)),
  );
  const options = { subject: commonName, issuer: commonName, extensions: [ca], ...period };
  return { key, certificate: await sign(key, key.spki, options) };
}

/** PEM of a certificate for the names, with an authority key identifier. */
export function issue(
  issuer: Issuer,
  spki: Uint8Array,
  names: readonly string[],
  period: Period = {},
): Promise<string> {
  const authority = der.sequence(
    der.oid("2.5.29.35"),
    der.octetString(der.sequence(der.element(0x80, Uint8Array.of(0xaa, 0xbb, 0xcc)))),
  );
  return sign(issuer.key, spki, {
    subject: "leaf",
    issuer: "test issuer",
    extensions: [subjectAltName(names), authority],
    ...period,
  });
}

/** Names and key of a request, as DER. */
export function readCsr(csr: Uint8Array): { readonly spki: Uint8Array; readonly names: string[] } {
  const [info] = der.readElements(der.readElement(csr)!.contents)!;
  const [, , spki, attributes] = der.readElements(info!.contents)!;
  const sans = /* [0] > attribute > set > extensions > extension > octets > names */ [1, 0, 0, 1, 0]
    .reduce(
      (element, index) => der.readElements(element.contents)![index]!,
      der.readElements(attributes!.contents)![0]!,
    );
  const names = der.readElements(sans.contents)!.map((name) => readGeneralName(name)!);
  return { spki: spki!.whole, names };
}

interface Contents extends Period {
  readonly subject: string;
  readonly issuer: string;
  readonly extensions: readonly Uint8Array[];
}

async function sign(
  key: SigningKey,
  spki: Uint8Array,
  { subject, issuer, extensions, fromMs = -2 * DAY_MS, toMs = DAY_MS }: Contents,
): Promise<string> {
  const [from, to] = [Date.now() + fromMs, Date.now() + toMs].map((ms) => new Date(ms));
  const tbs = der.sequence(
    der.explicit(0, der.integer(Uint8Array.of(2))),
    der.integer(crypto.getRandomValues(new Uint8Array(8))),
    signatureAlgorithm(key),
    name(issuer),
    der.sequence(der.utcTime(from!), der.utcTime(to!)),
    name(subject),
    spki,
    der.explicit(3, der.sequence(...extensions)),
  );
  return toPem("CERTIFICATE", await signed(key, tbs));
}

function name(commonName: string): Uint8Array {
  const value = der.element(0x0c, new TextEncoder().encode(commonName));
  return der.sequence(der.set(der.sequence(der.oid("2.5.4.3"), value)));
}
