import { CertctlAgent, keyAndRequest } from "../../src/certctl/agent.ts";
import { CertctlApi } from "../../src/certctl/api.ts";
import { isFailure } from "../../src/http/failure.ts";
import * as x509 from "../../src/x509.ts";
import { createPrivateKey, createPublicKey } from "node:crypto";
import { assert, assertEquals } from "../assert.ts";
import { readCsr } from "../acme/test_ca.ts";
import { answering } from "./server.ts";

Deno.test("a key and its request belong together, and others read them", async () => {
  const made = await keyAndRequest(["web-1.test", "web-2.test"]);
  const request = new x509.Pkcs10CertificateRequest(made.csrPem);
  assertEquals(request.subject, "CN=web-1.test");
  assertEquals(await request.verify(), true);
  assertEquals(readCsr(new Uint8Array(request.rawData)), {
    spki: made.spki,
    names: ["web-1.test", "web-2.test"],
  });
  const publicKey = createPublicKey(createPrivateKey(made.keyPem));
  const spki = new Uint8Array(publicKey.export({ type: "spki", format: "der" }));
  assertEquals(spki, made.spki);
});

Deno.test("a name that is longer than a common name may be stands among the others alone", async () => {
  const name = `${"a".repeat(40)}.${"b".repeat(40)}.test`;
  const request = new x509.Pkcs10CertificateRequest((await keyAndRequest([name])).csrPem);
  assertEquals(request.subject, "");
});

Deno.test("an agent registers, says that it lives, works and retires under the id that it was given", async () => {
  const answers: Readonly<Record<string, () => Response>> = {
    "POST /api/v1/agents": () => Response.json({ id: "agent-7" }, { status: 201 }),
    "POST /api/v1/agents/agent-7/heartbeat": () => Response.json({ status: "ok" }),
    "GET /api/v1/agents/agent-7/work": () => Response.json({ jobs: null, count: 0 }),
    "POST /api/v1/agents/agent-7/csr": () => Response.json({}, { status: 202 }),
    "GET /api/v1/agents/agent-7/certificates/cert-1": () =>
      Response.json({ certificate_pem: "-----BEGIN CERTIFICATE-----" }),
    "POST /api/v1/agents/agent-7/jobs/job-1/status": () => Response.json({ status: "updated" }),
    "DELETE /api/v1/agents/agent-7": () => new Response(null, { status: 204 }),
  };
  const server = await answering(({ method, path }) =>
    answers[`${method} ${path.split("?")[0]}`]?.() ?? new Response("no", { status: 404 })
  );
  try {
    const { sender, target, asked } = server;
    const agent = await CertctlAgent.register(new CertctlApi(target), sender, "lt-1");
    assert(!isFailure(agent));
    const all = [
      await agent.heartbeat(sender),
      await agent.work(sender),
      await agent.submitCsr(sender, "cert-1", "PEM"),
      await agent.fetchCertificate(sender, "cert-1"),
      await agent.report(sender, "job-1", "Running"),
      await agent.retire(sender, "done"),
    ];
    assertEquals(all.filter(isFailure), []);
    assertEquals(asked.length, 7);
    assertEquals((asked[1]!.body as Record<string, unknown>)["hostname"], "lt-1");
  } finally {
    await server.stop();
  }
});
