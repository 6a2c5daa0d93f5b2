import { CertctlApi } from "../../src/certctl/api.ts";
import { type Failure, isFailure } from "../../src/http/failure.ts";
import type { Sender } from "../../src/http/step.ts";
import { assert, assertEquals } from "../assert.ts";
import { answering } from "./server.ts";

const CERTIFICATE = {
  name: "web-1",
  commonName: "web-1.test",
  sans: ["web-1.test"],
  ownerId: "o-alice",
  teamId: "t-platform",
  issuerId: "iss-local",
  renewalPolicyId: "rp-standard",
  environment: "lt-deploy-nginx",
  expiresAt: "2030-01-01T00:00:00Z",
};

const JOB = {
  id: "job-1",
  type: "Deployment",
  certificate_id: "cert-1",
  target_id: "tgt-1",
  status: "Pending",
  attempts: 0,
};
const JOB_READ = {
  id: "job-1",
  type: "Deployment",
  certificateId: "cert-1",
  targetId: "tgt-1",
  status: "Pending",
};
const TARGET = { id: "tgt-1", name: "nginx", type: "NGINX", agent_id: "agent-1", config: {} };
const TARGET_READ = { id: "tgt-1", name: "nginx", type: "NGINX", agentId: "agent-1" };
const BULK = {
  total_matched: 3,
  total_enqueued: 1,
  total_revoked: 1,
  total_skipped: 1,
  total_failed: 1,
  enqueued_jobs: [{ certificate_id: "cert-1", job_id: "job-1" }],
  errors: [{ certificate_id: "cert-2", error: "no version" }],
};
const BULK_READ = {
  matched: 3,
  done: 1,
  skipped: 1,
  failed: 1,
  jobs: [{ certificateId: "cert-1", jobId: "job-1" }],
  errors: [{ certificateId: "cert-2", error: "no version" }],
};

interface Case {
  readonly ask: (api: CertctlApi, sender: Sender) => Promise<{ readonly value: unknown } | Failure>;
  readonly request: string;
  readonly sent?: unknown;
  readonly status: number;
  readonly answer?: unknown;
  readonly value?: unknown;
}

const CASES: Readonly<Record<string, Case>> = {
  createCertificate: {
    ask: (api, sender) => api.createCertificate(sender, CERTIFICATE),
    request: "POST /api/v1/certificates",
    sent: {
      name: "web-1",
      common_name: "web-1.test",
      sans: ["web-1.test"],
      owner_id: "o-alice",
      team_id: "t-platform",
      issuer_id: "iss-local",
      renewal_policy_id: "rp-standard",
      environment: "lt-deploy-nginx",
      expires_at: "2030-01-01T00:00:00Z",
    },
    status: 201,
    answer: { id: "cert-1", status: "Pending", common_name: "web-1.test", target_ids: null },
    value: { id: "cert-1", status: "Pending", commonName: "web-1.test" },
  },
  certificate: {
    ask: (api, sender) => api.certificate(sender, "cert/1"),
    request: "GET /api/v1/certificates/cert%2F1",
    status: 200,
    answer: { id: "cert/1", status: "Active", environment: "e" },
    value: { id: "cert/1", status: "Active", environment: "e" },
  },
  certificates: {
    ask: (api, sender) => api.certificates(sender, 1),
    request: "GET /api/v1/certificates?per_page=1",
    status: 200,
    answer: { data: [{ id: "cert-1", status: "Active" }], total: 50_000 },
    value: { items: [{ id: "cert-1", status: "Active" }], total: 50_000 },
  },
  renew: {
    ask: (api, sender) => api.renew(sender, "cert-1"),
    request: "POST /api/v1/certificates/cert-1/renew",
    status: 202,
    answer: { status: "renewal_triggered" },
  },
  archiveCertificate: {
    ask: (api, sender) => api.archiveCertificate(sender, "cert-1"),
    request: "DELETE /api/v1/certificates/cert-1",
    status: 204,
  },
  versions: {
    ask: (api, sender) => api.versions(sender, "cert-1", 1),
    request: "GET /api/v1/certificates/cert-1/versions?per_page=1",
    status: 200,
    answer: {
      data: [{ id: "v1", serial_number: "01", fingerprint_sha256: "AB:CD", created_at: "t" }],
      total: 7,
    },
    value: {
      items: [{ id: "v1", serialNumber: "01", fingerprintSha256: "abcd", createdAt: "t" }],
      total: 7,
    },
  },
  boundTargets: {
    ask: (api, sender) => api.boundTargets(sender, "cert-1"),
    request: "GET /api/v1/certificates/cert-1/deployments",
    status: 200,
    answer: { data: [TARGET], total: 1 },
    value: { items: [TARGET_READ], total: 1 },
  },
  bulkRenew: {
    ask: (api, sender) => api.bulkRenew(sender, { certificateIds: ["cert-1", "cert-2"] }),
    request: "POST /api/v1/certificates/bulk-renew",
    sent: { certificate_ids: ["cert-1", "cert-2"] },
    status: 200,
    answer: BULK,
    value: BULK_READ,
  },
  bulkRevoke: {
    ask: (api, sender) => api.bulkRevoke(sender, { ownerId: "o-alice" }, "superseded"),
    request: "POST /api/v1/certificates/bulk-revoke",
    sent: { reason: "superseded", owner_id: "o-alice" },
    status: 200,
    answer: { ...BULK, enqueued_jobs: null },
    value: { ...BULK_READ, jobs: [] },
  },
  jobs: {
    ask: (api, sender) =>
      api.jobs(sender, { type: "Deployment", status: "Pending", page: 2, perPage: 500 }),
    request: "GET /api/v1/jobs?status=Pending&type=Deployment&page=2&per_page=500",
    status: 200,
    answer: { data: [JOB], total: 501 },
    value: { items: [JOB_READ], total: 501 },
  },
  "jobs, of which there are none": {
    ask: (api, sender) => api.jobs(sender),
    request: "GET /api/v1/jobs",
    status: 200,
    answer: { data: null, total: 0 },
    value: { items: [], total: 0 },
  },
  job: {
    ask: (api, sender) => api.job(sender, "job-1"),
    request: "GET /api/v1/jobs/job-1",
    status: 200,
    answer: { ...JOB, status: "Failed", last_error: "no luck" },
    value: { ...JOB_READ, status: "Failed", lastError: "no luck" },
  },
  createTarget: {
    ask: (api, sender) =>
      api.createTarget(sender, { name: "nginx", type: "NGINX", agentId: "agent-1" }),
    request: "POST /api/v1/targets",
    sent: { name: "nginx", type: "NGINX", agent_id: "agent-1" },
    status: 201,
    answer: TARGET,
    value: TARGET_READ,
  },
  deleteTarget: {
    ask: (api, sender) => api.deleteTarget(sender, "tgt-1"),
    request: "DELETE /api/v1/targets/tgt-1",
    status: 204,
  },
  registerAgent: {
    ask: (api, sender) => api.registerAgent(sender, { name: "a1", hostname: "h1" }),
    request: "POST /api/v1/agents",
    sent: { name: "a1", hostname: "h1" },
    status: 201,
    answer: { id: "agent-1", name: "a1", status: "Online" },
    value: { id: "agent-1" },
  },
  heartbeat: {
    ask: (api, sender) =>
      api.heartbeat(sender, "agent-1", {
        version: "1",
        hostname: "h1",
        os: "linux",
        architecture: "x86_64",
        ipAddress: "127.0.0.1",
      }),
    request: "POST /api/v1/agents/agent-1/heartbeat",
    sent: {
      version: "1",
      hostname: "h1",
      os: "linux",
      architecture: "x86_64",
      ip_address: "127.0.0.1",
    },
    status: 200,
    answer: { status: "heartbeat_recorded" },
  },
  work: {
    ask: (api, sender) => api.work(sender, "agent-1"),
    request: "GET /api/v1/agents/agent-1/work",
    status: 200,
    answer: {
      jobs: [{ ...JOB, common_name: "web-1.test", sans: ["web-1.test"], target_type: "NGINX" }],
      count: 1,
    },
    value: [{
      id: "job-1",
      type: "Deployment",
      status: "Pending",
      certificateId: "cert-1",
      sans: ["web-1.test"],
      targetId: "tgt-1",
      commonName: "web-1.test",
      targetType: "NGINX",
    }],
  },
  submitCsr: {
    ask: (api, sender) => api.submitCsr(sender, "agent-1", "cert-1", "PEM"),
    request: "POST /api/v1/agents/agent-1/csr",
    sent: { csr_pem: "PEM", certificate_id: "cert-1" },
    status: 202,
    answer: { status: "csr_signed" },
  },
  fetchCertificate: {
    ask: (api, sender) => api.fetchCertificate(sender, "agent-1", "cert-1"),
    request: "GET /api/v1/agents/agent-1/certificates/cert-1",
    status: 200,
    answer: { certificate_pem: "-----BEGIN CERTIFICATE-----\n" },
    value: "-----BEGIN CERTIFICATE-----\n",
  },
  reportJob: {
    ask: (api, sender) => api.reportJob(sender, "agent-1", "job-1", "Failed", "no luck"),
    request: "POST /api/v1/agents/agent-1/jobs/job-1/status",
    sent: { status: "Failed", error: "no luck" },
    status: 200,
    answer: { status: "updated" },
  },
  retireAgent: {
    ask: (api, sender) => api.retireAgent(sender, "agent-1", "the run is over"),
    request: "DELETE /api/v1/agents/agent-1?force=true&reason=the+run+is+over",
    status: 204,
  },
};

for (const [name, { ask, request, sent, status, answer, value }] of Object.entries(CASES)) {
  Deno.test(`${name} asks as certctl's API wants it, and reads the answer`, async () => {
    const server = await answering(() =>
      answer === undefined ? new Response(null, { status }) : Response.json(answer, { status })
    );
    try {
      const got = await ask(new CertctlApi(server.target), server.sender);
      assert(!isFailure(got), JSON.stringify(got));
      assertEquals(got.value, value);
      const { method, path, authorization, body } = server.asked[0]!;
      assertEquals(`${method} ${path}`, request);
      assertEquals(authorization, "Bearer key-1");
      assertEquals(body, sent);
    } finally {
      await server.stop();
    }
  });
}

const WITH_VALUES = Object.entries(CASES).filter(([, { answer, value }]) => answer && value);

Deno.test("an answer of another shape is a failure that says what it is", async () => {
  for (const [name, { ask, status }] of WITH_VALUES) {
    for (const odd of [[1], { data: 7, jobs: 7 }, { data: [{}], jobs: [{}] }]) {
      const server = await answering(() => Response.json(odd, { status }));
      try {
        const got = await ask(new CertctlApi(server.target), server.sender);
        // A listing of nothing is one: certctl leaves empty lists out.
        const empty = !isFailure(got) && /"items":\[\]|^\[\]$/.test(JSON.stringify(got.value));
        assert(isFailure(got) || empty, `${name} took ${JSON.stringify(odd)}`);
        if (isFailure(got)) assertEquals(got.class, "unexpected_body");
      } finally {
        await server.stop();
      }
    }
  }
});

Deno.test("an answer with another status is a failure with the server's own words", async () => {
  const error = { error: "Conflict", message: "renewal already in progress", request_id: "r-1" };
  const server = await answering(() => Response.json(error, { status: 409 }));
  try {
    const got = await new CertctlApi(server.target).renew(server.sender, "cert-1");
    assert(isFailure(got));
    assertEquals(got.class, "status_4xx");
    assert(got.message.includes("expected 202, got 409"), got.message);
    assert(got.message.includes("renewal already in progress"), got.message);
  } finally {
    await server.stop();
  }
});

Deno.test("an id that would lead a path elsewhere, or fill the memory, is refused", async () => {
  for (const id of [".", "..", "x".repeat(257)]) {
    const server = await answering(() => Response.json({ id, status: "Pending" }, { status: 201 }));
    try {
      const agent = { name: "a", hostname: "a" };
      const got = await new CertctlApi(server.target).registerAgent(server.sender, agent);
      assert(isFailure(got), id);
      assert(got.message.includes('expected an id in "id"'), got.message);
    } finally {
      await server.stop();
    }
  }
});

Deno.test("a count is a whole number that can be added up; anything else is refused", async () => {
  for (const total of [-1, 1.5, 1e300, 1e-300, "12", true, {}]) {
    const server = await answering(() => Response.json({ data: [], total }));
    try {
      const got = await new CertctlApi(server.target).jobs(server.sender);
      assert(isFailure(got), String(total));
      assert(got.message.includes('expected a count in "total"'), got.message);
    } finally {
      await server.stop();
    }
    const counts = { total_matched: 1, total_revoked: total };
    const revoking = await answering(() => Response.json(counts));
    try {
      const api = new CertctlApi(revoking.target);
      const got = await api.bulkRevoke(revoking.sender, { certificateIds: ["c"] }, "superseded");
      assert(isFailure(got), String(total));
      assert(got.message.includes('expected a count in "total_revoked"'), got.message);
    } finally {
      await revoking.stop();
    }
  }
});
