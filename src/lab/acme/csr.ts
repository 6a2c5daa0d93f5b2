/** Certificate requests (RFC 2986): read, and their signature verified. */
import { createPublicKey, type KeyObject } from "node:crypto";
import { Pkcs10CertificateRequest } from "../../x509.ts";
import { Problem } from "./problem.ts";
import { alternativeNames } from "./x509_reader.ts";

export interface CertificateRequest {
  /** Common name and alternative names, lower case, each once. */
  readonly names: ReadonlySet<string>;
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKey: Uint8Array;
  readonly keyAlgorithm: "ECDSA" | "RSA" | "Ed25519";
  /** Bits. */
  readonly keySize: number;
}

const MIN_RSA_BITS = 2048;
const CURVE_BITS: Readonly<Record<string, number>> = {
  prime256v1: 256,
  secp384r1: 384,
  secp521r1: 521,
};

/** Throws `badCSR`. */
export async function parseCertificateRequest(der: Uint8Array): Promise<CertificateRequest> {
  try {
    const request = new Pkcs10CertificateRequest(der as BufferSource);
    const publicKey = new Uint8Array(request.publicKey.rawData);
    const key = createPublicKey({ key: publicKey as never, format: "der", type: "spki" });
    const kind = kindOf(key);
    if (!await request.verify()) throw badCsr("its signature does not verify");
    return { names: namesOf(request), publicKey, ...kind };
  } catch (error) {
    throw error instanceof Problem ? error : badCsr(`it cannot be read: ${error}`);
  }
}

/** Common name and alternative names. */
function namesOf({ subjectName, extensions }: Pkcs10CertificateRequest): Set<string> {
  const names = subjectName.getField("CN").map((name) => name.toLowerCase());
  for (const name of alternativeNames(extensions)) {
    if (name !== undefined) names.push(name);
    else throw badCsr("it has alternative names that are neither DNS names nor IP addresses");
  }
  return new Set(names);
}

function kindOf(key: KeyObject): Pick<CertificateRequest, "keyAlgorithm" | "keySize"> {
  const { modulusLength = 0, namedCurve = "" } = key.asymmetricKeyDetails ?? {};
  switch (key.asymmetricKeyType) {
    case "ec":
      if (namedCurve in CURVE_BITS) {
        return { keyAlgorithm: "ECDSA", keySize: CURVE_BITS[namedCurve]! };
      }
      break;
    case "rsa":
      if (modulusLength >= MIN_RSA_BITS) return { keyAlgorithm: "RSA", keySize: modulusLength };
      throw badCsr(`its RSA key has ${modulusLength} bits, ${MIN_RSA_BITS} are the least`);
    case "ed25519":
      return { keyAlgorithm: "Ed25519", keySize: 256 };
  }
  throw badCsr(`its key type ${key.asymmetricKeyType} ${namedCurve} is not supported`);
}

function badCsr(why: string): Problem {
  return new Problem("badCSR", 400, `the certificate request cannot be used: ${why}`);
}
