import { assertEquals, assertMatch } from "../assert.ts";
import { bulkRenew } from "../../src/flows/bulk_renew.ts";
import { isFailure } from "../../src/http/failure.ts";
import { DEFAULT_TOKEN } from "../../src/lab/options.ts";
import { withLab } from "../lab/harness.ts";
import { setUp } from "./with_setup.ts";

Deno.test("with answer_csrs, each job of a server that leaves keys to agents gets its request, and is followed to its end", async () => {
  await withLab({ keygen: "agent" }, async ({ lab, fetch }) => {
    const { api, caPem } = lab.addresses;
    const target = {
      baseUrl: api,
      token: DEFAULT_TOKEN,
      tls: { insecureSkipVerify: false, caPem },
    };
    const options = { batch: 6, poll: "20ms", answer_csrs: true, domain: "a.test" };
    assertEquals(bulkRenew.steps(bulkRenew.options.parse(options) as never), [
      "bulk_renew",
      "csr",
      "progress",
      "jobs",
      "job",
    ]);
    const up = await setUp(bulkRenew, options, { target, arrivals: 2 });
    if (isFailure(up)) throw new Error(up.message);
    const iteration = up.iteration(1);
    assertEquals(await (await up.flow()).run(iteration), undefined);
    assertEquals(iteration.counts["jobs_completed"], 6);
    assertEquals(iteration.stepNames().filter((step) => step === "csr").length, 6);
    const { batches } = up.made as { batches: string[][] };
    const { data } = await (await fetch(`/api/v1/certificates/${batches[1]![0]}/versions`)).json();
    // Issued before the clock, and renewed.
    assertEquals(data.length, 2);
    assertMatch(data[0].csr_pem, /^-----BEGIN CERTIFICATE REQUEST-----/);
    assertEquals(await up.undo(), {});
    up.close();
  });
});

Deno.test("a request that is refused is told, with what became of the job", async () => {
  await withLab({ keygen: "agent" }, async ({ lab }) => {
    const { api, caPem } = lab.addresses;
    const target = {
      baseUrl: api,
      token: DEFAULT_TOKEN,
      tls: { insecureSkipVerify: false, caPem },
    };
    const options = { batch: 2, poll: "20ms", deadline: "200ms", answer_csrs: true };
    const up = await setUp(bulkRenew, options, { target });
    if (isFailure(up)) throw new Error(up.message);
    Object.assign(up.made as { agentId: string }, { agentId: "agent-gone" });
    const failure = await (await up.flow()).run(up.iteration());
    assertMatch(failure?.message ?? "", /csr.*; 2 of 2 jobs had not ended/i);
    up.close();
  });
});
