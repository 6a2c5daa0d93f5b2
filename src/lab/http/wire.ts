/** An answer as bytes (RFC 9112 section 4). Pure. */
import { type LabResponse, reason } from "./message.ts";

const encoder = new TextEncoder();

/** Head and body in one piece; the body of HEAD and 204 is left out. */
export function responseBytes(
  { status, headers, body }: LabResponse,
  method: string,
  keepAlive: boolean,
): Uint8Array {
  let head = `HTTP/1.1 ${status} ${reason(status)}\r\n`;
  for (const name in headers) head += `${name}: ${headers[name]}\r\n`;
  head += `Date: ${date()}\r\n`;
  if (!keepAlive) head += "Connection: close\r\n";
  if (status === 204) return encoder.encode(`${head}\r\n`);
  if (typeof body !== "string") return withBytes(head, body, method);
  const length = utf8Length(body);
  return encoder.encode(`${head}Content-Length: ${length}\r\n\r\n${method === "HEAD" ? "" : body}`);
}

/** The head and half of the body, one byte of it at most left out when it is that short. */
export function halfOf(bytes: Uint8Array): Uint8Array {
  const bodyStart = indexOfBody(bytes);
  return bytes.subarray(0, bodyStart + Math.floor((bytes.length - bodyStart) / 2));
}

function withBytes(head: string, body: Uint8Array, method: string): Uint8Array {
  const start = encoder.encode(`${head}Content-Length: ${body.length}\r\n\r\n`);
  if (method === "HEAD") return start;
  const whole = new Uint8Array(start.length + body.length);
  whole.set(start);
  whole.set(body, start.length);
  return whole;
}

function utf8Length(text: string): number {
  for (let at = 0; at < text.length; at++) {
    if (text.charCodeAt(at) > 0x7f) return encoder.encode(text).length;
  }
  return text.length;
}

function indexOfBody(bytes: Uint8Array): number {
  for (let at = 3; at < bytes.length; at++) {
    if (bytes[at] === 10 && bytes[at - 1] === 13 && bytes[at - 2] === 10) return at + 1;
  }
  return bytes.length;
}

let dateText = "";
let dateSecond = 0;

/** Made once a second. */
function date(): string {
  const second = Math.floor(Date.now() / 1000);
  if (second !== dateSecond) {
    dateSecond = second;
    dateText = new Date(second * 1000).toUTCString();
  }
  return dateText;
}
