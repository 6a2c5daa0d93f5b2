/** The ACME clients of the distribution, as a user runs them: register, prove, and the certificate has landed. */
import { assert, assertEquals } from "../../assert.ts";
import * as x509 from "../../../src/x509.ts";
import { testWith } from "../../programs.ts";
import { freePort, type LabClient, withLab } from "../harness.ts";

interface Place {
  readonly lab: LabClient;
  readonly directory: string;
  /** A folder of the test's own, with the lab's CA certificate in `ca.pem`. */
  readonly folder: string;
  readonly httpPort: number;
  readonly tlsPort: number;
}

async function withPlace(
  profile: string,
  test: (place: Place) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  const [httpPort, tlsPort] = [await freePort(), await freePort()];
  try {
    const acme = { http01Port: httpPort, tlsAlpn01Port: tlsPort, retryAfterSeconds: 1 };
    await withLab({ acme }, async (lab) => {
      await Deno.writeTextFile(`${folder}/ca.pem`, lab.lab.addresses.caPem);
      const directory = lab.lab.addresses.acme[profile]!;
      await test({ lab, directory, folder, httpPort, tlsPort });
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function run(program: string, args: string[], env: Record<string, string>): Promise<void> {
  const { success, stdout, stderr } = await new Deno.Command(program, { args, env }).output();
  const decoder = new TextDecoder();
  assert(success, `${program} failed: ${decoder.decode(stdout)}${decoder.decode(stderr)}`);
}

/** The chain in the file is for the names and from the lab, and the API knows the certificate. */
async function requireLanded(
  { lab }: Place,
  chainPath: string,
  names: readonly string[],
): Promise<void> {
  const [leafPem] = (await Deno.readTextFile(chainPath)).split(/(?<=-----END CERTIFICATE-----\n)/);
  const leaf = new x509.X509Certificate(leafPem!);
  const ca = new x509.X509Certificate(lab.lab.addresses.caPem);
  assert(await leaf.verify({ publicKey: ca.publicKey }));
  const alternatives = leaf.getExtension(x509.SubjectAlternativeNameExtension)!;
  assertEquals(alternatives.names.items.map(({ value }) => value), [...names]);
  const list = await (await lab.fetch("/api/v1/certificates?sort=-createdAt&per_page=1")).json();
  assertEquals([list.data[0].sans, list.data[0].source], [[...names], "ACME"]);
}

function lego(
  { directory, folder }: Place,
  solver: readonly string[],
  names: readonly string[],
): Promise<void> {
  const domains = names.flatMap((name) => ["--domains", name]);
  const args = ["--server", directory, "--email", "a@example.com", "--accept-tos"];
  return run("lego", [...args, "--path", `${folder}/lego`, ...domains, ...solver, "run"], {
    LEGO_CA_CERTIFICATES: `${folder}/ca.pem`,
  });
}

async function certbot({ directory, folder, httpPort }: Place, name: string): Promise<void> {
  await run("certbot", [
    "certonly",
    "--standalone",
    "--non-interactive",
    "--agree-tos",
    "--no-eff-email",
    ...["--server", directory, "--email", "a@example.com", "--domain", name],
    ...["--http-01-port", String(httpPort), "--http-01-address", "127.0.0.1"],
    ...["--config-dir", `${folder}/config`, "--work-dir", `${folder}/work`],
    ...["--logs-dir", `${folder}/logs`],
  ], { REQUESTS_CA_BUNDLE: `${folder}/ca.pem` });
}

/** Both profiles at once: most of the time is the clients' own. */
async function inEachProfile(test: (place: Place) => Promise<void>): Promise<void> {
  const outcomes = await Promise.allSettled(
    ["prof-test", "prof-challenge"].map((profile) => withPlace(profile, test)),
  );
  for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
}

testWith("lego")(
  "lego enrolls from prof-test and from prof-challenge, over http-01",
  () =>
    inEachProfile(async (place) => {
      const names = ["a.lego.test", "b.lego.test"];
      await lego(place, ["--http", "--http.port", `127.0.0.1:${place.httpPort}`], names);
      await requireLanded(place, `${place.folder}/lego/certificates/a.lego.test.crt`, names);
    }),
);

testWith("certbot")(
  "certbot enrolls from prof-test and from prof-challenge, over http-01",
  () =>
    inEachProfile(async (place) => {
      await certbot(place, "c.certbot.test");
      const chain = `${place.folder}/config/live/c.certbot.test/fullchain.pem`;
      await requireLanded(place, chain, ["c.certbot.test"]);
    }),
);

testWith("lego")(
  "lego enrolls from prof-challenge over tls-alpn-01",
  () =>
    withPlace("prof-challenge", async (place) => {
      await lego(place, ["--tls", "--tls.port", `127.0.0.1:${place.tlsPort}`], ["d.lego.test"]);
      await requireLanded(place, `${place.folder}/lego/certificates/d.lego.test.crt`, [
        "d.lego.test",
      ]);
    }),
);
