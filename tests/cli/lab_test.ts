import { join } from "node:path";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "../assert.ts";
import { freePort } from "../lab/harness.ts";
import { certloadIn, type Printed, withFolder } from "./in_process.ts";

/** A lab that is ended as soon as it has told its addresses. */
function lab(folder: string, ...args: string[]): Promise<Printed> {
  const interrupt = { soft: AbortSignal.abort(), hard: new AbortController().signal };
  return certloadIn({ interrupt }, folder, "lab", ...args);
}

Deno.test("lab prints the variables that the shipped plans read, and writes the certificate to trust", async () => {
  await withFolder({}, async (folder) => {
    const port = await freePort();
    const ca = join(folder, "new", "ca.pem");
    const { code, out, err } = await lab(folder, "--port", `api=${port}`, "--ca-file", ca);
    assertEquals([code, err], [0, ""]);
    const variables = new Map(
      out.trimEnd().split("\n").map((line) => line.split("=") as [string, string]),
    );
    assertEquals(variables.get("CERTCTL_BASE"), `https://127.0.0.1:${port}`);
    assertEquals(variables.get("CERTLOAD_CA_FILE"), ca);
    for (const name of ["NGINX_TARGET_URL", "F5_TARGET_URL", "CERTCTL_ACME_DIRECTORY"]) {
      assertMatch(variables.get(name) ?? "", /^https:\/\/127\.0\.0\.1:\d+/);
    }
    assertMatch(await Deno.readTextFile(ca), /^-----BEGIN CERTIFICATE-----/);
  });
});

Deno.test("lab says which address is taken, and where it could not write the certificate", async () => {
  await withFolder({ file: "" }, async (folder) => {
    const taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = taken.addr as Deno.NetAddr;
    const refused = await lab(folder, "--port", `nginx=${port}`);
    taken.close();
    assertEquals([refused.code, refused.err], [
      94,
      `Cannot start the lab: another program listens at that address (--port nginx=${port})\n`,
    ]);
    const barred = await lab(folder, "--ca-file", "{}/file/ca.pem");
    assertEquals([barred.code, barred.out], [104, ""]);
    assertStringIncludes(barred.err, "Cannot write the CA certificate to");
  });
});

Deno.test("lab tells every problem of its command line at once", async () => {
  const flags = ["--port", "web=1", "--port", "api=65536", "--limiter", "many", "--faults", "{"];
  const { code, out, err } = await lab("", ...flags, "--acme", '{"badNonceShare":"x"}');
  assertEquals([code, out], [104, ""]);
  for (
    const each of [
      "--port web=1: expected SERVER=PORT",
      "--port api=65536: expected",
      "--limiter many: expected RPS/BURST",
      "--faults: expected JSON, got {",
      "--acme: badNonceShare: ",
    ]
  ) assertStringIncludes(err, each);
  assert(!(await lab("", "--port", "api=65535x")).err.includes("Cannot start"));
});

Deno.test("lab has as many targets as it is told to, and keys for everybody and for the admin", async () => {
  await withFolder({}, async (folder) => {
    const options = JSON.stringify({ targets: { nginx: 2 } });
    const { code, out } = await lab(folder, "--options", options, "--admin-token", "root");
    assertEquals(code, 0);
    assertMatch(out, /^NGINX_2_TARGET_URL=https:\/\/127\.0\.0\.1:\d+$/m);
    assertMatch(out, /^CERTCTL_ADMIN_TOKEN=root$/m);
  });
});

Deno.test("lab says what is wrong with its options, by the flag or the variable", async () => {
  const options = '{"keygen":"both","agents":{"pollMs":0}}';
  const env = { CERTLOAD_LAB: '{"targetz":{}}' };
  const { code, err } = await certloadIn({ env }, "", "lab", "--options", options);
  assertEquals(code, 104);
  for (const each of ["--options: keygen: ", "--options: agents.pollMs: ", "CERTLOAD_LAB: "]) {
    assertStringIncludes(err, each);
  }
  assertStringIncludes(err, "targetz");
});

Deno.test("lab --json ends when its input is closed, and by each signal that ends programs", async () => {
  const main = new URL("../../main.ts", import.meta.url).pathname;
  const endedBy = async (end: (child: Deno.ChildProcess) => unknown): Promise<number> => {
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-check", main, "lab", "--json"],
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    const reader = child.stdout.getReader();
    const { value } = await reader.read();
    assertStringIncludes(new TextDecoder().decode(value), '"CERTCTL_BASE":"https://127.0.0.1:');
    await end(child);
    const { code } = await child.status;
    await reader.cancel();
    await child.stdin.close().catch(() => {});
    return code;
  };
  const codes = await Promise.all([
    endedBy((child) => child.stdin.close()),
    ...(["SIGTERM", "SIGINT", "SIGHUP"] as const).map((signal) =>
      endedBy((child) => child.kill(signal))
    ),
  ]);
  assertEquals(codes, [0, 0, 0, 0]);
});
