/** Certificate requests (RFC 2986): read, and their signature verified. */
import { createPublicKey, type KeyObject, verify } from "node:crypto";
import { type Element, readElement } from "../../der.ts";
import { readGeneralName } from "../../identifier.ts";
import { Problem } from "./problem.ts";
import { children, dotted, readExtensions } from "./x509_reader.ts";

export interface CertificateRequest {
  /** Common name and alternative names, lower case, each once. */
  readonly names: ReadonlySet<string>;
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKey: Uint8Array;
  readonly keyAlgorithm: "ECDSA" | "RSA" | "Ed25519";
  /** Bits. */
  readonly keySize: number;
}

/** Hash by signature algorithm; null: the algorithm has its own. */
const HASHES: Readonly<Record<string, string | null>> = {
  "1.2.840.113549.1.1.11": "sha256",
  "1.2.840.113549.1.1.12": "sha384",
  "1.2.840.113549.1.1.13": "sha512",
  "1.2.840.10045.4.3.2": "sha256",
  "1.2.840.10045.4.3.3": "sha384",
  "1.2.840.10045.4.3.4": "sha512",
  "1.3.101.112": null,
};
const COMMON_NAME = "2.5.4.3";
const EXTENSION_REQUEST = "1.2.840.113549.1.9.14";
const SUBJECT_ALT_NAME = "2.5.29.17";
const ATTRIBUTES = 0xa0;
const MIN_RSA_BITS = 2048;
const CURVE_BITS: Readonly<Record<string, number>> = {
  prime256v1: 256,
  secp384r1: 384,
  secp521r1: 521,
};

/** Throws `badCSR`. */
export function parseCertificateRequest(der: Uint8Array): CertificateRequest {
  const [info, algorithm, signature] = children(readElement(der));
  const [, subject, publicKey] = children(info);
  if (!info || !algorithm || !signature || !subject || !publicKey) {
    throw badCsr("it is no PKCS#10 certificate request");
  }
  const key = keyOf(publicKey);
  verifySignature(info, algorithm, signature, key);
  const attributes = children(info).find(({ tag }) => tag === ATTRIBUTES);
  return {
    names: new Set([...commonNames(subject), ...alternativeNames(attributes)]),
    publicKey: publicKey.whole,
    ...kindOf(key),
  };
}

function keyOf({ whole }: Element): KeyObject {
  try {
    return createPublicKey({ key: whole as never, format: "der", type: "spki" });
  } catch (error) {
    throw badCsr(`its key cannot be read: ${(error as Error).message}`);
  }
}

function verifySignature(
  info: Element,
  algorithm: Element,
  signature: Element,
  key: KeyObject,
): void {
  const oid = dotted(children(algorithm)[0]?.contents ?? new Uint8Array());
  const hash = HASHES[oid];
  if (hash === undefined) throw badCsr(`its signature algorithm ${oid} is not supported`);
  let holds = false;
  try {
    holds = verify(hash, info.whole, key, signature.contents.subarray(1));
  } catch {
    // The signature does not even have the form of one.
  }
  if (!holds) throw badCsr("its signature does not verify");
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

function commonNames(subject: Element): string[] {
  const attributes = children(subject).flatMap((set) => children(set));
  return attributes.flatMap((attribute) => {
    const [type, value] = children(attribute);
    return type && value && dotted(type.contents) === COMMON_NAME ? [text(value)] : [];
  });
}

function alternativeNames(attributes: Element | undefined): string[] {
  for (const attribute of children(attributes)) {
    const [type, values] = children(attribute);
    if (type === undefined || dotted(type.contents) !== EXTENSION_REQUEST) continue;
    const extension = readExtensions(children(values)[0]).get(SUBJECT_ALT_NAME);
    return children(extension && readElement(extension.value)).map((name) => {
      const read = readGeneralName(name);
      if (read !== undefined) return read;
      throw badCsr("it has alternative names that are neither DNS names nor IP addresses");
    });
  }
  return [];
}

function text({ contents }: Element): string {
  return new TextDecoder().decode(contents).toLowerCase();
}

function badCsr(why: string): Problem {
  return new Problem("badCSR", 400, `the certificate request cannot be used: ${why}`);
}
