/** Certificates made on the spot: no key is ever kept in the repository. */
import * as x509 from "../../src/x509.ts";

export interface Issued {
  readonly certPem: string;
  readonly keyPem: string;
  readonly certificate: x509.X509Certificate;
  readonly keys: CryptoKeyPair;
}

const EC = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const DAY_MS = 86_400_000;

export interface CertificateOptions {
  readonly names?: readonly string[];
  readonly issuer?: Issued;
  readonly ca?: boolean;
  readonly notAfter?: Date;
  /** O of the subject. */
  readonly organization?: string;
}

/** A certificate for `names` (default: localhost and 127.0.0.1), self-signed where no issuer is given. */
export async function issue(options: CertificateOptions = {}): Promise<Issued> {
  const names = options.names ?? ["localhost", "127.0.0.1"];
  const keys = await crypto.subtle.generateKey(EC, true, ["sign", "verify"]) as CryptoKeyPair;
  const notAfter = options.notAfter ?? new Date(Date.now() + 30 * DAY_MS);
  const certificate = await x509.X509CertificateGenerator.create({
    subject: options.organization === undefined
      ? `CN=${names[0]}`
      : `O=${options.organization}, CN=${names[0]}`,
    issuer: options.issuer?.certificate.subject ?? `CN=${names[0]}`,
    notBefore: new Date(Math.min(Date.now(), notAfter.getTime()) - DAY_MS),
    notAfter,
    publicKey: keys.publicKey,
    signingKey: (options.issuer?.keys ?? keys).privateKey,
    signingAlgorithm: EC,
    extensions: [
      new x509.BasicConstraintsExtension(options.ca ?? false, undefined, true),
      new x509.SubjectAlternativeNameExtension(names.map(generalName)),
    ],
  });
  return { certPem: certificate.toString("pem"), keyPem: await keyPem(keys), certificate, keys };
}

function generalName(name: string): { type: "ip" | "dns"; value: string } {
  return { type: /^[\d.]+$|:/.test(name) ? "ip" : "dns", value: name };
}

async function keyPem(keys: CryptoKeyPair): Promise<string> {
  const der = await crypto.subtle.exportKey("pkcs8", keys.privateKey);
  return x509.PemConverter.encode(der, "PRIVATE KEY");
}
