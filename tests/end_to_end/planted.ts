/**
 * A server that says back all that it is told, in every spelling, and with what a terminal or a CI would obey; and
 * certload run against it, command by command, in one folder.
 */
import { join } from "node:path";
import { programCommand } from "./program.ts";

/** Where each stands is in its name. */
export const SECRETS = {
  token: "planted-token-0a1b/2c+3d",
  header: 'planted-header "x\\y" 4e5f',
  parameter: "planted-parameter-6a7b&8c",
  body: "planted-body-<9d0e>",
  eab: "cGxhbnRlZC1lYWIta2V5LTFmMmEzYjRj",
  variable: "planted-variable-5d6e",
  set: "planted-set-7f8a",
  flag: "planted-flag-9b0c",
  user: "planted-user-password-1d2e",
} as const;

const ESC = "\u001b";
/** As UTF-8 in a body; a header's are in Latin-1. */
const OBEYED =
  `${ESC}[31mred${ESC}]0;title\u0007\u009b2J\u202egnp\u2066\u200f\u061c\u2028\b\r\n::error::pwned\n##[error]pwned`;

export interface Planted {
  readonly origin: string;
  readonly close: () => Promise<void>;
}

/** Answers everything with `status` and a body of JSON; the first hundred letters are the request's own. */
export function startPlanted(status: number): Planted {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const origin = `http://127.0.0.1:${(listener.addr as Deno.NetAddr).port}`;
  const open = new Set<Deno.TcpConn>();
  const serving = (async () => {
    for await (const connection of listener) {
      open.add(connection);
      serve(connection, status).catch(() => {}).finally(() => open.delete(connection));
    }
  })();
  return {
    origin,
    close: async () => {
      listener.close();
      for (const connection of open) connection.close();
      await serving.catch(() => {});
    },
  };
}

/** Over all connections, so that the first failures of a run differ. */
let turn = 0;

async function serve(connection: Deno.TcpConn, status: number): Promise<void> {
  const buffer = new Uint8Array(65_536);
  let text = "";
  for (;;) {
    const end = text.indexOf("\r\n\r\n");
    const length = Number(/content-length: (\d+)/i.exec(text)?.[1] ?? 0);
    if (end < 0 || text.length < end + 4 + length) {
      const read = await connection.read(buffer);
      if (read === null) return;
      text += new TextDecoder().decode(buffer.subarray(0, read));
      continue;
    }
    const request = text.slice(0, end + 4 + length);
    text = text.slice(end + 4 + length);
    await connection.write(answerTo(request, status, turn++));
  }
}

const SPELLINGS: readonly ((text: string) => string)[] = [
  String,
  encodeURIComponent,
  (text) => encodeURIComponent(text).replaceAll(/%../g, (code) => code.toLowerCase()),
  (text) => new TextEncoder().encode(text).toBase64(),
  (text) => new TextEncoder().encode(`x${text}`).toBase64({ alphabet: "base64url" }),
  (text) => new TextEncoder().encode(`xy${text}`).toHex(),
  (text) => JSON.stringify(text),
  (text) => Array.from(text, (letter) => `&#${letter.codePointAt(0)};`).join(""),
  (text) => text.replaceAll(/./g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`),
];

/** Each answer begins with another part of the request, so that messages are cut in many places. */
function answerTo(request: string, status: number, turn: number): Uint8Array<ArrayBuffer> {
  const spell = SPELLINGS[turn % SPELLINGS.length]!;
  const words = request.split(/\r\n| (?=HTTP)|(?<=Bearer )/)
    .filter((line) => line.includes("planted") || /authorization|\?/i.test(line));
  const said = words.map((_, at) => spell(words[(at + turn) % words.length]!));
  const filler = "-".repeat(turn % 150);
  const detail = turn % 3 === 0
    ? `${filler}${OBEYED} ${said.join(" ")}`
    : `${filler}${said.join(" ")}${OBEYED}`;
  const body = new TextEncoder().encode(
    JSON.stringify({ detail, type: `urn:x:${OBEYED}`, data: [], newNonce: detail, status }),
  );
  const raw = new TextEncoder().encode(`${detail}`);
  const content = turn % 2 === 0 ? body : raw;
  const head = `HTTP/1.1 ${status} \u009b31mreason\r\nServer: srv\u009b2J\u0085::error::x\r\n` +
    `Content-Type: text/\u009bplain\r\nReplay-Nonce: \u009bnonce\r\nLocation: ${
      encodeURI(words[0] ?? "/")
    }\r\nContent-Length: ${content.length}\r\n\r\n`;
  const bytes = new Uint8Array(head.length + content.length);
  for (let at = 0; at < head.length; at++) bytes[at] = head.charCodeAt(at);
  bytes.set(content, head.length);
  return bytes;
}

export const PLAN = `
name: "planted \\e[31m \\u202e"
target:
  base_url: \${BASE}
  token: "\${TOKEN}"
  headers: { x-auth-secret: '${SECRETS.header}' }
warmup: off
scenarios:
  get:
    flow: http_request
    with:
      url: "\${BASE}/x?api_key=${encodeURIComponent(SECRETS.parameter)}"
      method: POST
      headers: { x-api-key: "\${MY_SECRET}" }
      body: { password: "${SECRETS.body}" }
      expect: { status: 200, json: { "detail": "right" } }
    rate: 20/s
    duration: 1s
  list: { flow: list_certificates, rate: 20/s, duration: 1s }
  create: { flow: create_certificate, rate: 5/s, duration: 1s }
  token_refresh:
    flow: acme_enroll
    with:
      directory: /directory
      headers: { authorization: "Bearer \${TOKEN}" }
      eab: { kid: k, hmac_key: "${SECRETS.eab}" }
    rate: 1/s
    duration: 1s
  acme: { flow: acme_unauthenticated, with: { directory: /directory }, rate: 5/s, duration: 1s }
`;

export interface Said {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs certload in the folder. */
export async function runIn(
  folder: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<Said> {
  const [program, ...before] = programCommand();
  const { code, stdout, stderr } = await new Deno.Command(program, {
    args: [...before, ...args],
    cwd: folder,
    env: { ...env },
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

/** Every file below the folder but the plans. */
export async function filesBelow(folder: string): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = join(folder, name);
    if (isDirectory) Object.assign(files, await filesBelow(path));
    else if (!/\.ya?ml$/.test(name)) files[path] = await Deno.readTextFile(path);
  }
  return files;
}
