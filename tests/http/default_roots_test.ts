import { dropUnusedRoots } from "../../src/http/default_roots.ts";
import { assertEquals } from "../assert.ts";
import { testCertificate } from "../servers/certificate.ts";

const NAMES = ["DENO_TLS_CA_STORE", "DENO_CERT", "NODE_EXTRA_CA_CERTS"];

function environment(): {
  set: typeof Deno.env.set;
  delete: typeof Deno.env.delete;
  left(): unknown;
} {
  const values = new Map(NAMES.map((name) => [name, "as it was"]));
  return {
    set: (name, value) => void values.set(name, value),
    delete: (name) => void values.delete(name),
    left: () => Object.fromEntries(values),
  };
}

const UNTOUCHED = Object.fromEntries(NAMES.map((name) => [name, "as it was"]));

Deno.test("default roots are dropped where verification is off or the plan brings its own CA", () => {
  for (const tls of [{ insecureSkipVerify: true }, { insecureSkipVerify: false, caPem: "PEM" }]) {
    const env = environment();
    dropUnusedRoots(tls, env);
    assertEquals(env.left(), { DENO_TLS_CA_STORE: "" });
  }
});

Deno.test("a plan that verifies by the default roots keeps them", () => {
  const env = environment();
  dropUnusedRoots({ insecureSkipVerify: false }, env);
  assertEquals(env.left(), UNTOUCHED);
});

Deno.test("a process that has dropped them trusts nothing that DENO_CERT names", async () => {
  const { certPem, keyPem } = await testCertificate();
  const roots = await Deno.makeTempFile({ suffix: ".pem" });
  await Deno.writeTextFile(roots, certPem);
  const listener = Deno.listenTls({ hostname: "127.0.0.1", port: 0, cert: certPem, key: keyPem });
  const serving = serve(listener);
  try {
    const { port } = listener.addr;
    assertEquals(await handshake(port, roots, ""), "trusted");
    assertEquals(
      await handshake(port, roots, "dropUnusedRoots({ insecureSkipVerify: true });"),
      "refused",
    );
  } finally {
    listener.close();
    await serving;
    await Deno.remove(roots);
  }
});

/** What another process says of a handshake by its default roots, after it did `first`. */
async function handshake(port: number, roots: string, first: string): Promise<string> {
  const module = new URL("../../src/http/default_roots.ts", import.meta.url).href;
  const program = `import { dropUnusedRoots } from "${module}"; ${first}
    const conn = await Deno.connectTls({ hostname: "localhost", port: ${port} });
    console.log(await conn.handshake().then(() => "trusted", () => "refused"));
    Deno.exit(0);`;
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", "--no-config", program],
    env: { DENO_CERT: roots, NO_COLOR: "1" },
  }).output();
  return new TextDecoder().decode(stdout).trim();
}

async function serve(listener: Deno.TlsListener): Promise<void> {
  for await (const conn of listener) {
    await conn.handshake().catch(() => {});
    conn.close();
  }
}
