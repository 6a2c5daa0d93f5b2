/** http-01 (RFC 8555 section 8.3): the key authorization under a well-known path, over plain HTTP. */
import { urlHost } from "../../../identifier.ts";
import { writeAll } from "../../http/incoming.ts";
import { Reader, TooLarge } from "../../http/reader.ts";
import type { AcmeSettings } from "../options.ts";
import { Problem } from "../problem.ts";
import type { Validation } from "../validations.ts";
import { failureReason, withConnection } from "./connection.ts";
import { parseResponseHead, type ResponseHead } from "./response_head.ts";

const BODY_LIMIT_BYTES = 16 * 1024;
const MAX_REDIRECTS = 10;

interface Response {
  readonly head: ResponseHead;
  readonly body: string;
}

export async function validateHttp01(
  { name, token, keyAuthorization }: Validation,
  settings: AcmeSettings,
  signal: AbortSignal,
): Promise<void> {
  let path = `/.well-known/acme-challenge/${token}`;
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
    const { head, body } = await get(name, path, settings, signal);
    const location = head.headers.get("location");
    if (head.status >= 300 && head.status < 400 && location !== undefined) {
      path = redirectPath(location, `http://${urlHost(name)}${path}`);
      continue;
    }
    if (head.status !== 200) throw incorrect(name, path, `status ${head.status}`);
    if (body.trimEnd() !== keyAuthorization) {
      throw incorrect(name, path, `${JSON.stringify(body.slice(0, 100))}`);
    }
    return;
  }
  throw incorrect(name, path, `more than ${MAX_REDIRECTS} redirects`);
}

/** A redirect changes the path alone: every name is at the validation address, and nobody else is asked. */
function redirectPath(location: string, base: string): string {
  if (!URL.canParse(location, base)) {
    throw connectionProblem(`the redirect to ${location} is no URL`);
  }
  const { pathname, search } = new URL(location, base);
  return `${pathname}${search}`;
}

async function get(
  name: string,
  path: string,
  { validationAddress: hostname, http01Port: port }: AcmeSettings,
  signal: AbortSignal,
): Promise<Response> {
  try {
    return await withConnection({ hostname, port }, signal, async (conn) => {
      const host = port === 80 ? urlHost(name) : `${urlHost(name)}:${port}`;
      const request = `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nUser-Agent: certload-lab\r\n` +
        "Accept: */*\r\nConnection: close\r\n\r\n";
      await writeAll(conn, new TextEncoder().encode(request));
      return await readResponse(conn);
    });
  } catch (error) {
    if (error instanceof Problem) throw error;
    const reason = error instanceof TooLarge ? "too long an answer" : failureReason(error, signal);
    throw connectionProblem(`http://${urlHost(name)}:${port}${path} cannot be fetched: ${reason}`);
  }
}

async function readResponse(conn: Deno.Conn): Promise<Response> {
  const reader = new Reader((into) => conn.read(into));
  const head = parseResponseHead(await reader.head() ?? "");
  if (head === undefined) throw connectionProblem("the answer is no HTTP");
  const body = await readBody(reader, head);
  if (body === undefined) throw connectionProblem("the answer ended in the middle of its body");
  return { head, body: new TextDecoder().decode(body) };
}

function readBody(reader: Reader, { headers }: ResponseHead): Promise<Uint8Array | undefined> {
  const length = headers.get("content-length");
  if (headers.get("transfer-encoding") !== undefined) return reader.chunked(BODY_LIMIT_BYTES);
  if (length === undefined) return reader.rest(BODY_LIMIT_BYTES);
  if (!(Number(length) <= BODY_LIMIT_BYTES)) throw connectionProblem("the answer is too large");
  return reader.exactly(Number(length));
}

function incorrect(name: string, path: string, seen: string): Problem {
  return new Problem(
    "incorrectResponse",
    403,
    `http://${urlHost(name)}${path} must have the key authorization, it has ${seen}`,
  );
}

function connectionProblem(detail: string): Problem {
  return new Problem("connection", 400, detail);
}
