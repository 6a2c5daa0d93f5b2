/**
 * What certificates are for: DNS names, and IP addresses (RFC 8738), which are told apart by how they are written.
 * Everywhere else a name is its text. Pure.
 */
import { isIPv4 } from "node:net";
import { type Element, element } from "./der.ts";

/** An ACME identifier (RFC 8555 section 9.7.7). */
interface Identifier {
  readonly type: "dns" | "ip";
  readonly value: string;
}

const DNS_NAME = 0x82;
const IP_ADDRESS = 0x87;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

export function identifierOf(name: string): Identifier {
  return { type: isIpAddress(name) ? "ip" : "dns", value: canonicalName(name) };
}

/** An IPv6 address as RFC 5952 section 4 wants it written; everything else as it is. */
export function canonicalName(name: string): string {
  const octets = ipOctets(name);
  return octets === undefined ? name : ipText(octets);
}

export function isIpAddress(name: string): boolean {
  return ipOctets(name) !== undefined;
}

/** The 4 or 16 octets of an IP address, which has no brackets and no zone; undefined for any other text. */
export function ipOctets(text: string): Uint8Array | undefined {
  if (isIPv4(text)) return Uint8Array.from(text.split("."), Number);
  if (!/^[0-9a-f:.]{2,45}$/i.test(text) || !text.includes(":")) return undefined;
  const host = URL.parse(`http://[${text}]/`)?.hostname.slice(1, -1); // compressed, without dots
  if (host === undefined) return undefined;
  const [head = "", tail] = host.split("::");
  const before = groups(head);
  const after = groups(tail ?? "");
  const zeros = Array<number>(8 - before.length - after.length).fill(0);
  return Uint8Array.from(
    [...before, ...zeros, ...after].flatMap((group) => [group >> 8, group & 0xff]),
  );
}

function groups(text: string): number[] {
  return text === "" ? [] : text.split(":").map((group) => parseInt(group, 16));
}

/** The address of 4 octets or 16. */
export function ipText(octets: Uint8Array): string {
  if (octets.length === 4) return octets.join(".");
  const hex = octets.toHex().match(/.{4}/g)!.join(":");
  return new URL(`http://[${hex}]/`).hostname.slice(1, -1);
}

/** The host of a URL with this name. */
export function urlHost(name: string): string {
  return name.includes(":") ? `[${name}]` : name;
}

/** What a TLS client that validates the name asks for (RFC 8737 section 3, RFC 8738 section 6). */
export function challengeServerName(name: string): string {
  const octets = ipOctets(name);
  if (octets === undefined) return name.toLowerCase();
  const labels = octets.length === 4 ? [...octets] : [...octets.toHex()];
  return `${labels.reverse().join(".")}.${octets.length === 4 ? "in-addr" : "ip6"}.arpa`;
}

/** GeneralName of a subjectAltName (RFC 5280 section 4.2.1.6). */
export function generalName(name: string): Uint8Array {
  const octets = ipOctets(name);
  return octets === undefined
    ? element(DNS_NAME, encoder.encode(name))
    : element(IP_ADDRESS, octets);
}

/** The name in lower case; undefined for one of another kind. */
export function readGeneralName({ tag, contents }: Element): string | undefined {
  if (tag === DNS_NAME) return decoder.decode(contents).toLowerCase();
  const isAddress = tag === IP_ADDRESS && (contents.length === 4 || contents.length === 16);
  return isAddress ? ipText(contents) : undefined;
}
