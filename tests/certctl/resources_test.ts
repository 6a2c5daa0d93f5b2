import {
  readBulk,
  readCertificate,
  readId,
  readJob,
  readPage,
  readTarget,
  readVersion,
  readWorkItem,
} from "../../src/certctl/resources.ts";
import { assertEquals, assertMatch } from "../assert.ts";

const JOB = { id: "job-1", type: "Renewal", status: "Running" };

Deno.test("what has an id needs one that is a part of a path and no longer than that, whatever else it has", () => {
  for (const read of [readId, readCertificate, readJob, readWorkItem, readTarget]) {
    for (const id of [undefined, "", 7, ".", "..", "x".repeat(257)]) {
      const said = read({ ...JOB, id });
      assertMatch(typeof said === "string" ? said : "read", /^expected (a text|an id) in "id"/);
    }
    const longest = read({ ...JOB, id: "x".repeat(256) });
    assertEquals(typeof longest === "string" ? longest : longest.id, "x".repeat(256));
  }
});

Deno.test("a job needs its type and status; an agent's work has names beside it", () => {
  for (const read of [readJob, readWorkItem]) {
    for (const name of ["type", "status"]) {
      const said = read({ ...JOB, [name]: "" });
      assertMatch(
        typeof said === "string" ? said : "read",
        new RegExp(`^expected a text in "${name}"`),
      );
    }
  }
  assertEquals(readJob(JOB), { ...JOB, certificateId: "" });
  const times = { started_at: "a", completed_at: "b", last_error: "c", agent_id: "d" };
  assertEquals(readJob({ ...JOB, certificate_id: "cert-1", target_id: "", ...times }), {
    ...JOB,
    certificateId: "cert-1",
    agentId: "d",
    lastError: "c",
    startedAt: "a",
    completedAt: "b",
  });
  assertEquals(readWorkItem(JOB), { ...JOB, certificateId: "", sans: [] });
  const work = { sans: ["a.test", 7, null], common_name: "a.test", target_type: "NGINX" };
  assertEquals(readWorkItem({ ...JOB, ...work, target_id: "t" }), {
    ...JOB,
    certificateId: "",
    sans: ["a.test"],
    targetId: "t",
    commonName: "a.test",
    targetType: "NGINX",
  });
});

Deno.test("a fingerprint is its digits, however it is spelt; a version without one is none", () => {
  assertEquals(readVersion({ id: "v", fingerprint_sha256: "AB:cd", serial_number: "1" }), {
    id: "v",
    serialNumber: "1",
    fingerprintSha256: "abcd",
    createdAt: "",
  });
  assertMatch(String(readVersion({ id: "v" })), /^expected a text in "fingerprint_sha256"/);
});

Deno.test("a page is its items and the total of all pages; what cannot be read of either is told", () => {
  const read = readPage(readId);
  assertEquals(read({ data: [{ id: "a" }, 7, null], total: 9 }), {
    items: [{ id: "a" }],
    total: 9,
  });
  assertEquals(read({ data: null }), { items: [], total: 0 });
  assertMatch(String(read({ data: [{}], total: 1 })), /^in "data": expected a text in "id"/);
  assertMatch(String(read({ data: "a", total: 1 })), /^expected a list in "data", got "a"/);
  for (const total of [-1, 1.5, "1"]) {
    assertMatch(String(read({ data: [], total })), /^expected a count in "total", got /);
  }
});

Deno.test("a bulk call's outcome is counted under the name that the call has for it", () => {
  const answer = {
    total_matched: 4,
    total_enqueued: 2,
    total_revoked: 1,
    total_skipped: 1,
    total_failed: 1,
    enqueued_jobs: [{ certificate_id: "c", job_id: "j" }, { certificate_id: "d" }],
    errors: [{ certificate_id: "e", error: "no" }, {}],
  };
  const rest = {
    matched: 4,
    skipped: 1,
    failed: 1,
    jobs: [{ certificateId: "c", jobId: "j" }, { certificateId: "d", jobId: "" }],
    errors: [{ certificateId: "e", error: "no" }, { certificateId: "", error: "" }],
  };
  assertEquals(readBulk("total_enqueued")(answer), { ...rest, done: 2 });
  assertEquals(readBulk("total_revoked")(answer), { ...rest, done: 1 });
  const complaints: [Record<string, unknown>, RegExp][] = [
    [
      { total_matched: undefined },
      /^expected a text in "total_matched"|^expected .*"total_matched"/,
    ],
    [{ total_skipped: "1" }, /^expected a count in "total_skipped"/],
    [{ enqueued_jobs: 7 }, /^expected a list in "enqueued_jobs"/],
    [{ enqueued_jobs: [{ job_id: ".." }] }, /^in "enqueued_jobs": expected an id in "job_id"/],
    [{ errors: {} }, /^expected a list in "errors"/],
  ];
  for (const [spoilt, expected] of complaints) {
    assertMatch(String(readBulk("total_enqueued")({ ...answer, ...spoilt })), expected);
  }
});
