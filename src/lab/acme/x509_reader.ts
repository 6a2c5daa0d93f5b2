/** What the ACME server reads of certificates and requests for them, from their DER (RFC 5280, RFC 2986). Pure. */
import { type Element, readElement, readElements } from "../../der.ts";

export interface Extension {
  readonly critical: boolean;
  /** DER inside of the OCTET STRING. */
  readonly value: Uint8Array;
}

const TAG = { boolean: 0x01, integer: 0x02, oid: 0x06, extensions: 0xa3 };

/** Serial number as lower-case hex without leading zero octets; `undefined` when the bytes are no certificate. */
export function serialOf(certificate: Uint8Array): string | undefined {
  const [tbs] = children(readElement(certificate));
  const serial = children(tbs).find(({ tag }) => tag === TAG.integer);
  return serial && hex(serial.contents);
}

/** Extensions by dotted object identifier; empty when the bytes are no certificate. */
export function extensionsOf(certificate: Uint8Array): Map<string, Extension> {
  const [tbs] = children(readElement(certificate));
  const list = children(tbs).find(({ tag }) => tag === TAG.extensions);
  return readExtensions(children(list)[0]);
}

/** Of a SEQUENCE OF Extension. */
export function readExtensions(list: Element | undefined): Map<string, Extension> {
  const extensions = new Map<string, Extension>();
  for (const extension of children(list)) {
    const parts = children(extension);
    const value = parts.at(-1);
    if (parts[0] === undefined || value === undefined) continue;
    const critical = parts[1]?.tag === TAG.boolean && parts[1].contents[0] !== 0;
    extensions.set(dotted(parts[0].contents), { critical, value: value.contents });
  }
  return extensions;
}

export function children(element: Element | undefined): readonly Element[] {
  return (element && readElements(element.contents)) ?? [];
}

/** Dotted form of an object identifier's contents. */
export function dotted(contents: Uint8Array): string {
  const arcs: number[] = [];
  let arc = 0;
  for (const octet of contents) {
    arc = arc * 128 + (octet & 0x7f);
    if (octet >= 0x80) continue;
    arcs.push(arc);
    arc = 0;
  }
  const first = Math.min(2, Math.floor((arcs[0] ?? 0) / 40));
  return [first, (arcs[0] ?? 0) - first * 40, ...arcs.slice(1)].join(".");
}

export function hex(octets: Uint8Array): string {
  return octets.toHex().replace(/^(00)+(?=..)/, "");
}

export function equalOctets(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((octet, index) => octet === b[index]);
}
