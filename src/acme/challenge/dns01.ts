/**
 * dns-01 (RFC 8555 section 8.4), and names for the other challenges: a DNS server over UDP and TCP that knows the TXT
 * records of open challenges, gives one IPv4 address to every name, and has nothing else (no AAAA, no CAA).
 */
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { createSocket } from "node:dgram";
// @ts-types="./dns_packet.d.ts"
import dns from "dns-packet";
import type { Answer, Packet, Question } from "./dns_packet.d.ts";
import type { Address } from "./address.ts";
import type { ProofTable } from "./proofs.ts";
import { acceptAll, closeQuietly, writeAll } from "./tcp.ts";

const PREFIX = "_acme-challenge.";

/** Of one answer, which has 64 KiB at most; the newest are those that a server looks for. */
const MAX_RECORDS = 100;

/** Of a header's flags; 0 is a query (RFC 1035 section 4.1.1). */
const OPCODE = 0x7800;
/** Of others the encoder's labels may be longer than the decoder's. */
const HOST_NAME = /^[\w.*-]*$/;

/** An idle TCP connection is closed after this. */
const CONNECTION_MS = 10_000;

type Answerer = (query: Uint8Array) => Uint8Array | undefined;

/** Listens; rejects with the socket's error. */
export async function serveDns(
  address: Address,
  proofs: ProofTable,
  ipv4: string,
): Promise<() => Promise<void>> {
  const answer: Answerer = (query) => answerTo(query, proofs, ipv4);
  const stopTcp = serveTcp(address, answer);
  try {
    const stopUdp = await serveUdp(address, answer);
    return async () => void await Promise.all([stopTcp(), stopUdp()]);
  } catch (error) {
    await stopTcp();
    throw error;
  }
}

/** An answer without error; undefined when the octets are no query with one question about a host's name. */
export function answerTo(
  query: Uint8Array,
  proofs: ProofTable,
  ipv4: string,
): Uint8Array | undefined {
  const packet = decoded(query);
  if (packet === undefined) return undefined;
  const { type, id, flags, questions } = packet;
  const [question] = questions;
  const isQuery = type === "query" && (flags & OPCODE) === 0;
  if (!isQuery || question === undefined || questions.length > 1) return undefined;
  if (!HOST_NAME.test(question.name)) return undefined;
  return dns.encode({
    type: "response",
    id,
    flags: dns.AUTHORITATIVE_ANSWER | (flags & dns.RECURSION_DESIRED),
    questions,
    answers: records(question, proofs, ipv4),
  });
}

function decoded(query: Uint8Array): Packet | undefined {
  try {
    return dns.decode(Buffer.from(query));
  } catch {
    return undefined;
  }
}

function records({ name, type }: Question, proofs: ProofTable, ipv4: string): Answer[] {
  if (type === "A") return [{ name, type, ttl: 0, data: ipv4 }];
  const host = name.toLowerCase();
  if (type !== "TXT" || !host.startsWith(PREFIX)) return [];
  const open = proofs.find("dns-01", host.slice(PREFIX.length)).slice(-MAX_RECORDS);
  return open.map(({ keyAuthorization }) => {
    const data = createHash("sha256").update(keyAuthorization).digest("base64url");
    return { name, type, ttl: 0, data };
  });
}

function serveUdp(address: Address, answer: Answerer): Promise<() => Promise<void>> {
  const socket = createSocket(address.hostname.includes(":") ? "udp6" : "udp4");
  socket.on("message", (query, peer) => {
    const message = answer(query);
    if (message !== undefined) socket.send(message, peer.port, peer.address);
  });
  const close = (): Promise<void> => new Promise((resolve) => socket.close(() => resolve()));
  return new Promise((resolve, reject) => {
    socket.once("error", reject);
    socket.bind(address.port, address.hostname, () => {
      socket.removeListener("error", reject);
      socket.on("error", () => {}); // an answer that cannot be sent is the peer's loss
      resolve(close);
    });
  });
}

function serveTcp(address: Address, answer: Answerer): () => Promise<void> {
  const listener = Deno.listen({ ...address, transport: "tcp" });
  return acceptAll(listener, CONNECTION_MS, async (connection) => {
    for (;;) {
      const length = await readExactly(connection, 2);
      const query = length && await readExactly(connection, length[0]! * 256 + length[1]!);
      const message = query && answer(query);
      if (message === undefined) return closeQuietly(connection);
      await writeAll(connection, Uint8Array.of(message.length >> 8, message.length & 255));
      await writeAll(connection, message);
    }
  });
}

/** So many octets (at most 65,535); undefined when the peer ends before. */
async function readExactly(
  connection: Deno.TcpConn,
  length: number,
): Promise<Uint8Array | undefined> {
  const octets = new Uint8Array(length);
  for (let have = 0; have < length;) {
    const read = await connection.read(octets.subarray(have));
    if (read === null) return undefined;
    have += read;
  }
  return octets;
}
