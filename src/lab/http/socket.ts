/**
 * What Deno has no call for, asked of the C library on Linux: the reset of a connection, and TCP_NODELAY for the
 * connections of a TLS listener. Elsewhere, and without permission to call it, both do nothing and say so.
 */
const UNSPECIFIED = new Uint8Array(16);
const AF_INET = 2;
const IPPROTO_TCP = 6;
const TCP_NODELAY = 1;

const symbols = {
  getpeername: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  getsockname: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  connect: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  setsockopt: { parameters: ["i32", "i32", "i32", "buffer", "u32"], result: "i32" },
} as const;

type Libc = Deno.DynamicLibrary<typeof symbols>["symbols"];

/**
 * Ends a TCP connection with a reset instead of a close; true where the peer got one. Deno has no SO_LINGER, and
 * node:net's `resetAndDestroy` came after 2.7 and does not reach TLS connections. `connect` with AF_UNSPEC dissolves a
 * connected socket and sends the RST at once (tcp_disconnect in net/ipv4/tcp.c). The connection has to be closed in
 * either case.
 */
export function reset(conn: Deno.Conn): boolean {
  return resetAll([conn]) === 1;
}

/** The same for many, in one search for their descriptors; how many were reset. */
export function resetAll(conns: readonly Deno.Conn[]): number {
  // A pair of ports names a connection: both addresses are this process's own.
  const wanted = new Set(
    conns.flatMap(({ localAddr, remoteAddr }) =>
      localAddr.transport === "tcp" && remoteAddr.transport === "tcp"
        ? [`${localAddr.port} ${remoteAddr.port}`]
        : []
    ),
  );
  let done = 0;
  eachDescriptor((libc, descriptor) => {
    const peer = portOf(libc.getpeername, descriptor);
    const isWanted = peer !== undefined &&
      wanted.delete(`${portOf(libc.getsockname, descriptor)} ${peer}`);
    if (isWanted && libc.connect(descriptor, UNSPECIFIED, UNSPECIFIED.length) === 0) done++;
    return wanted.size > 0;
  }, wanted.size > 0);
  return done;
}

/**
 * Answers of more than one TLS record go out at once, where otherwise the second would wait for the acknowledgement of
 * the first, which a client delays by 40 ms. Accepted connections take the option over from their listener.
 */
export function sendAtOnce({ addr }: Deno.Listener): boolean {
  if (addr.transport !== "tcp") return false;
  let isSet = false;
  eachDescriptor((libc, descriptor) => {
    const isListener = portOf(libc.getsockname, descriptor) === addr.port &&
      portOf(libc.getpeername, descriptor) === undefined;
    if (!isListener) return true;
    const on = new Int32Array([1]);
    isSet = libc.setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, on, on.byteLength) === 0;
    return false;
  });
  return isSet;
}

/** Goes through this process's descriptors for as long as `look` says to go on. */
function eachDescriptor(
  look: (libc: Libc, descriptor: number) => boolean,
  isWorthIt = true,
): void {
  if (Deno.build.os !== "linux" || !isWorthIt) return;
  try {
    const library = Deno.dlopen("libc.so.6", symbols);
    try {
      for (const { name } of Deno.readDirSync("/proc/self/fd")) {
        if (!look(library.symbols, Number(name))) break;
      }
    } finally {
      library.close();
    }
  } catch {
    // No library, or no permission to call it.
  }
}

function portOf(nameOf: Libc["getpeername"], descriptor: number): number | undefined {
  const address = new Uint8Array(28);
  const length = new Uint32Array([address.length]);
  if (nameOf(descriptor, address, length) !== 0) return undefined;
  const family = new Uint16Array(address.buffer, 0, 1)[0];
  return family === AF_INET ? address[2]! * 256 + address[3]! : undefined;
}
