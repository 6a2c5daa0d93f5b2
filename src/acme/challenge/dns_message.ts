/**
 * DNS messages (RFC 1035) as far as a responder for one purpose needs them: one question in, an answer with TXT, A or
 * AAAA records out. Pure.
 */
export const TYPE = { A: 1, TXT: 16, AAAA: 28 } as const;

export interface Question {
  readonly id: number;
  /** Lower case, without the final dot. */
  readonly name: string;
  readonly type: number;
  /** The question section as it came, to be sent back. */
  readonly section: Uint8Array;
  readonly recursionDesired: boolean;
}

/** With the length octets (RFC 1035 section 2.3.4). */
const MAX_NAME_LENGTH = 255;

/** The question of a query; undefined when the bytes are no query with one question. */
export function readQuestion(message: Uint8Array): Question | undefined {
  if (message.length < 12) return undefined;
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  const flags = view.getUint16(2);
  const isQuery = (flags & 0x8000) === 0 && (flags & 0x7800) === 0;
  if (!isQuery || view.getUint16(4) !== 1) return undefined;
  const labels: string[] = [];
  let offset = 12;
  for (;;) {
    const length = message[offset];
    if (length === undefined || length > 63) return undefined;
    offset++;
    if (length === 0) break;
    if (offset + length >= 12 + MAX_NAME_LENGTH) return undefined; // the root is another octet
    labels.push(new TextDecoder().decode(message.subarray(offset, offset + length)));
    offset += length;
  }
  if (offset + 4 > message.length) return undefined;
  return {
    id: view.getUint16(0),
    name: labels.join(".").toLowerCase(),
    type: view.getUint16(offset),
    section: message.slice(12, offset + 4),
    recursionDesired: (flags & 0x0100) !== 0,
  };
}

/** An authoritative answer without error, with one record of the question's name and type for each of `data`. */
export function writeAnswer(question: Question, data: readonly Uint8Array[]): Uint8Array {
  const records = data.map((rdata) => record(question.type, rdata));
  const size = records.reduce((sum, octets) => sum + octets.length, 12 + question.section.length);
  const message = new Uint8Array(size);
  const view = new DataView(message.buffer);
  view.setUint16(0, question.id);
  view.setUint16(2, 0x8480 | (question.recursionDesired ? 0x0100 : 0));
  view.setUint16(4, 1);
  view.setUint16(6, records.length);
  message.set(question.section, 12);
  let offset = 12 + question.section.length;
  for (const octets of records) {
    message.set(octets, offset);
    offset += octets.length;
  }
  return message;
}

function record(type: number, rdata: Uint8Array): Uint8Array {
  const octets = new Uint8Array(12 + rdata.length);
  const view = new DataView(octets.buffer);
  view.setUint16(0, 0xc00c); // the name of the question
  view.setUint16(2, type);
  view.setUint16(4, 1); // class IN
  view.setUint32(6, 0); // not to be cached
  view.setUint16(10, rdata.length);
  octets.set(rdata, 12);
  return octets;
}

/** RDATA of a TXT record with one text of at most 255 octets. */
export function txtData(text: string): Uint8Array {
  const octets = new TextEncoder().encode(text);
  return Uint8Array.of(octets.length, ...octets);
}

/** RDATA of an A record; undefined when the text is no IPv4 address. */
export function ipv4Data(address: string): Uint8Array | undefined {
  const parts = address.split(".").map(Number);
  const valid = parts.length === 4 && parts.every((part) => part >= 0 && part <= 255);
  return valid ? Uint8Array.from(parts) : undefined;
}
