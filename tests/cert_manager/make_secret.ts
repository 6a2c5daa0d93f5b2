/** A Secret as cert-manager makes it, or one with faults. */
import { SubjectAlternativeNameExtension, X509CertificateGenerator } from "../../src/x509.ts";

export interface SecretOptions {
  readonly names: readonly string[];
  /** The key belongs to another certificate. */
  readonly otherKey?: boolean;
  /** The second certificate did not sign the first. */
  readonly otherIssuer?: boolean;
  readonly withoutIssuer?: boolean;
}

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };

function keyPair(): Promise<CryptoKeyPair> {
  return crypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
}

export async function makeTlsSecret(options: SecretOptions): Promise<string> {
  const [leafKeys, issuerKeys, otherKeys] = await Promise.all([keyPair(), keyPair(), keyPair()]);
  const shownIssuer = options.otherIssuer ? otherKeys : issuerKeys;
  const issuer = await X509CertificateGenerator.createSelfSigned({
    name: "CN=Local CA",
    keys: shownIssuer,
    signingAlgorithm: ALGORITHM,
  });
  const leaf = await X509CertificateGenerator.create({
    subject: `CN=${options.names[0]}`,
    issuer: "CN=Local CA",
    publicKey: leafKeys.publicKey,
    signingKey: issuerKeys.privateKey,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new SubjectAlternativeNameExtension(
        options.names.map((value) => ({ type: "dns" as const, value })),
      ),
    ],
  });
  const key = options.otherKey ? otherKeys.privateKey : leafKeys.privateKey;
  const chain = options.withoutIssuer ? [leaf] : [leaf, issuer];
  return JSON.stringify({
    data: {
      "tls.crt": btoa(chain.map((certificate) => certificate.toString("pem")).join("\n")),
      "tls.key": btoa(await privateKeyPem(key)),
    },
  });
}

async function privateKeyPem(key: CryptoKey): Promise<string> {
  const der = new Uint8Array(await crypto.subtle.exportKey("pkcs8", key));
  const base64 = der.toBase64().replace(/.{64}/g, "$&\n").trimEnd();
  return `-----BEGIN PRIVATE KEY-----\n${base64}\n-----END PRIVATE KEY-----\n`;
}
