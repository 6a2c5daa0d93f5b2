/** http-01 (RFC 8555 section 8.3): the key authorisation at a well known path. */
import type { Address } from "./address.ts";
import type { ProofTable } from "./proofs.ts";

const PATH = "/.well-known/acme-challenge/";

/** Listens; throws Deno.errors.AddrInUse and the like. */
export function serveHttp01(address: Address, proofs: ProofTable): () => Promise<void> {
  const server = Deno.serve({ ...address, onListen: () => {} }, (request) => {
    const { pathname } = new URL(request.url);
    const token = pathname.startsWith(PATH) ? pathname.slice(PATH.length) : "";
    const [proof] = proofs.find("http-01", token);
    return proof === undefined
      ? new Response("No such challenge\n", { status: 404 })
      : new Response(proof.keyAuthorization, {
        headers: { "content-type": "application/octet-stream" },
      });
  });
  return () => server.shutdown();
}
