/** A TCP connection for one question to a name's server. */

/**
 * Connects, writes, and hands over a way to read. The connection is closed when `ask` has ended, or the signal aborts;
 * reads then fail.
 */
export async function withConnection<T>(
  address: { readonly hostname: string; readonly port: number },
  signal: AbortSignal,
  ask: (conn: Deno.TcpConn) => Promise<T>,
): Promise<T> {
  const conn = await Deno.connect(address);
  const close = (): void => {
    try {
      conn.close();
    } catch {
      // Closed by the signal.
    }
  };
  signal.addEventListener("abort", close);
  try {
    signal.throwIfAborted();
    return await ask(conn);
  } finally {
    signal.removeEventListener("abort", close);
    close();
  }
}

/** Why a connection failed, in words. */
export function failureReason(error: unknown, signal: AbortSignal): string {
  return signal.aborted ? "no answer in time" : (error as Error).message;
}
