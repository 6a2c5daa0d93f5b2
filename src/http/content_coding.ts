/** Content-Encoding undone (RFC 9110 section 8.4): nobody here asks for one, but a plan or a server may want one. */
import { quoted } from "../terminal.ts";
import { brotliDecompressSync, gunzipSync, inflateRawSync, inflateSync } from "node:zlib";
import type { Failure } from "./failure.ts";

type Decoder = (bytes: Uint8Array, options: { readonly maxOutputLength: number }) => Uint8Array;

const DECODERS: ReadonlyMap<string, Decoder> = new Map<string, Decoder>([
  ["gzip", gunzipSync],
  ["x-gzip", gunzipSync],
  ["deflate", inflate],
  ["br", unbrotli],
]);

/** With zlib's frame, as the RFC says, or without, as some servers do it. */
function inflate(...[bytes, options]: Parameters<Decoder>): Uint8Array {
  return (bytes[0]! & 15) === 8 ? inflateSync(bytes, options) : inflateRawSync(bytes, options);
}

/** Deno makes nothing of what is no brotli, and says nothing. */
function unbrotli(...[bytes, options]: Parameters<Decoder>): Uint8Array {
  const decoded = brotliDecompressSync(bytes, options);
  if (decoded.length === 0 && bytes.length > 1) throw new Error("nothing comes of it");
  return decoded;
}

/** Puts the decoded body in place of the one that came; returns why it cannot be decoded, if so. */
export function decodeBody(
  exchange: { body: Uint8Array },
  codings: string | undefined,
  maxBytes: number,
): Failure | undefined {
  if (codings === undefined || exchange.body.length === 0) return undefined;
  const decoded = decodeContent(exchange.body, codings, maxBytes);
  if (!(decoded instanceof Uint8Array)) return decoded;
  exchange.body = decoded;
}

/**
 * The body as it was before `codings` (a Content-Encoding field's value) were applied, of at most `maxBytes`, or what is
 * wrong with it.
 */
function decodeContent(body: Uint8Array, codings: string, maxBytes: number): Uint8Array | Failure {
  let decoded = body;
  for (const coding of codings.split(",").map((name) => name.trim().toLowerCase()).reverse()) {
    if (coding === "" || coding === "identity" || decoded.length === 0) continue;
    const decode = DECODERS.get(coding);
    if (decode === undefined) return unknown(coding);
    try {
      const { buffer, byteOffset, length } = decode(decoded, { maxOutputLength: maxBytes });
      decoded = new Uint8Array(buffer, byteOffset, length);
    } catch (error) {
      return undecodable(coding, error, maxBytes);
    }
  }
  return decoded;
}

function unknown(coding: string): Failure {
  const name = quoted(coding, 40);
  const known = "gzip, deflate and br are; `Accept-Encoding: identity` asks a server for none";
  return {
    class: "protocol",
    message: `The answer's Content-Encoding ${name} is not understood: ${known}`,
  };
}

function undecodable(coding: string, error: unknown, maxBytes: number): Failure {
  const { code, message } = error as { readonly code?: string; readonly message?: string };
  if (code === "ERR_BUFFER_TOO_LARGE") {
    const limit = `The answer's body is larger than the ${maxBytes} bytes allowed`;
    return { class: "too_large", message: `${limit} when ${coding} is undone` };
  }
  return { class: "protocol", message: `The answer's body is not ${coding}: ${message ?? code}` };
}
