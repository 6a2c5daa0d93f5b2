/**
 * Ends a TCP connection with a reset instead of a close, for the `reset` fault. Deno has no call for it (no SO_LINGER;
 * node:net's `resetAndDestroy` came after 2.7 and does not reach TLS connections). On Linux, `connect` with AF_UNSPEC
 * dissolves a connected socket and sends the RST at once (tcp_disconnect in net/ipv4/tcp.c). Elsewhere, and without
 * permission to call the C library, `reset` does nothing and says so.
 */
const UNSPECIFIED = new Uint8Array(16);
const AF_INET = 2;

const symbols = {
  getpeername: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  getsockname: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  connect: { parameters: ["i32", "buffer", "u32"], result: "i32" },
} as const;

type Libc = Deno.DynamicLibrary<typeof symbols>["symbols"];

/** Whether the peer got a reset. The connection has to be closed in either case. */
export function reset(connection: Deno.Conn): boolean {
  if (Deno.build.os !== "linux") return false;
  try {
    const library = Deno.dlopen("libc.so.6", symbols);
    try {
      const descriptor = descriptorOf(connection, library.symbols);
      if (descriptor === undefined) return false;
      return library.symbols.connect(descriptor, UNSPECIFIED, UNSPECIFIED.length) === 0;
    } finally {
      library.close();
    }
  } catch {
    return false;
  }
}

/** The descriptor with this pair of ports; the addresses are then the same too, all being this process's own. */
function descriptorOf({ localAddr, remoteAddr }: Deno.Conn, libc: Libc): number | undefined {
  if (localAddr.transport !== "tcp" || remoteAddr.transport !== "tcp") return undefined;
  for (const entry of Deno.readDirSync("/proc/self/fd")) {
    const descriptor = Number(entry.name);
    if (port(libc.getpeername, descriptor) !== remoteAddr.port) continue;
    if (port(libc.getsockname, descriptor) === localAddr.port) return descriptor;
  }
  return undefined;
}

function port(nameOf: Libc["getpeername"], descriptor: number): number | undefined {
  const address = new Uint8Array(28);
  const length = new Uint32Array([address.length]);
  if (nameOf(descriptor, address, length) !== 0) return undefined;
  const family = new Uint16Array(address.buffer, 0, 1)[0];
  return family === AF_INET ? address[2]! * 256 + address[3]! : undefined;
}
