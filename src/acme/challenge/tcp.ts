/** What the responders over TCP share. */
import { sleep } from "../../timer.ts";

/** A validator has a few; beyond these the oldest goes. */
const MAX_CONNECTIONS = 1000;
const ACCEPT_PAUSE_MS = 5;

/**
 * Serves every connection until the returned function is called, which closes the listener and what is still open. A
 * connection is closed when it is served, when serving throws, and after `limitMs` whatever happens.
 */
export function acceptAll(
  listener: Deno.Listener,
  limitMs: number,
  serve: (connection: Deno.TcpConn) => Promise<void>,
): () => Promise<void> {
  const open = new Map<Deno.TcpConn, Promise<void>>();
  let isStopped = false;
  const accepting = (async () => {
    while (!isStopped) {
      try {
        const connection = await listener.accept() as Deno.TcpConn;
        const [oldest] = open.size < MAX_CONNECTIONS ? [] : open.keys();
        if (oldest !== undefined) {
          closeQuietly(oldest);
          open.delete(oldest);
        }
        const served = serveOne(connection, limitMs, serve);
        open.set(connection, served);
        served.finally(() => open.delete(connection));
      } catch {
        // The listener is closed, the peer went away before it was taken, or descriptors have run out for now.
        if (!isStopped) await sleep(ACCEPT_PAUSE_MS);
      }
    }
  })();
  return async () => {
    isStopped = true;
    listener.close();
    for (const connection of open.keys()) closeQuietly(connection);
    await Promise.all([accepting, ...open.values()]);
  };
}

async function serveOne(
  connection: Deno.TcpConn,
  limitMs: number,
  serve: (connection: Deno.TcpConn) => Promise<void>,
): Promise<void> {
  const limit = setTimeout(() => closeQuietly(connection), limitMs);
  try {
    await serve(connection);
  } catch {
    // The peer went away, or stop() closed the connection; a validator says itself what it missed.
  } finally {
    clearTimeout(limit);
    closeQuietly(connection);
  }
}

export async function writeAll(to: Deno.TcpConn, octets: Uint8Array): Promise<void> {
  for (let sent = 0; sent < octets.length;) sent += await to.write(octets.subarray(sent));
}

export function closeQuietly(resource: { close(): void }): void {
  try {
    resource.close();
  } catch {
    // Already closed.
  }
}
