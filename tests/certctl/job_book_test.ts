import { assert, assertEquals, assertMatch } from "@std/assert";
import * as fc from "fast-check";
import { Integral, JobBook } from "../../src/certctl/job_book.ts";
import type { Job } from "../../src/certctl/resources.ts";

function job(id: string, status: string, rest: Partial<Job> = {}): Job {
  return { id, type: "Renewal", certificateId: `cert-${id}`, status, ...rest };
}

const ids = (count: number): string[] => Array.from({ length: count }, (_, n) => `job-${n}`);

Deno.test("a job's end is told once, and others' jobs never", () => {
  const book = new JobBook(["a", "b"], 1_000);
  assertEquals(book.see(job("a", "Running"), 2_000), undefined);
  assertEquals(book.see(job("x", "Completed"), 2_000), undefined);
  assertEquals(book.count("Running"), 1);
  const end = book.see(job("a", "Completed"), 3_000);
  assertEquals(end, { id: "a", status: "Completed", atUs: 3_000, workUs: undefined });
  assertEquals(book.see(job("a", "Completed"), 4_000), undefined);
  assertEquals([book.completed, book.failed, book.ended, [...book.open.keys()]], [1, 0, 1, ["b"]]);
});

Deno.test("a job's work is what the server's own two instants say, and nothing where one of them is missing or Go's zero", () => {
  const startedAt = "2026-11-28T01:00:00.000Z", completedAt = "2026-11-28T01:00:00.250Z";
  const workUs = (times: Partial<Job>): number | undefined =>
    new JobBook(["a"], 0).see(job("a", "Completed", times), 0)?.workUs;
  assertEquals(workUs({ startedAt, completedAt }), 250_000);
  assertEquals(workUs({ completedAt }), undefined);
  assertEquals(workUs({ startedAt: completedAt, completedAt: startedAt }), undefined);
  const zero = "0001-01-01T00:00:00Z";
  assertEquals(workUs({ startedAt: zero, completedAt }), undefined);
});

Deno.test("what failed and what never ended are told together, each with the first of them", () => {
  const book = new JobBook(ids(10), 0);
  for (const n of [0, 1, 2, 3, 4]) book.see(job(`job-${n}`, "Completed"), 1e6);
  book.see(job("job-5", "Failed", { lastError: "issuer said no" }), 1e6);
  book.see(job("job-6", "Cancelled"), 1e6);
  for (const n of [7, 8]) book.see(job(`job-${n}`, "Running"), 1e6);
  const failure = book.failure(90e6);
  assertEquals(failure?.class, "timeout");
  assertMatch(
    failure?.message ?? "",
    /^2 of 10 jobs failed, the first job-5 Failed: "issuer said no"; 3 of 10 jobs had not ended after 90.0 s: 2 Running, 1 Pending, the first job-7; the last that ended did so after 1.0 s, and then none: certctl gives all/,
  );
});

Deno.test("jobs that all ended well are no failure, and jobs that merely failed are no timeout", () => {
  const book = new JobBook(["a"], 0);
  book.see(job("a", "Completed"), 1e6);
  assertEquals(book.failure(2e6), undefined);
  const failed = new JobBook(["a"], 0);
  failed.see(job("a", "Failed"), 1e6);
  assertEquals(failed.failure(2e6), {
    class: "unexpected_body",
    message: "1 of 1 jobs failed, the first a Failed",
  });
});

Deno.test("a server that still works is told from one that has stopped", () => {
  const slow = new JobBook(ids(100), 0);
  for (let n = 0; n < 50; n++) slow.see(job(`job-${n}`, "Completed"), n * 1e6);
  assertMatch(
    slow.failure(50e6)?.message ?? "",
    /they still ended at 1.0 per second: a longer `deadline` sees the rest/,
  );
  assertMatch(
    slow.failure(200e6)?.message ?? "",
    /the last that ended did so after 49.0 s, and then none$/,
  );
  const idle = new JobBook(ids(2), 0);
  assertMatch(
    idle.failure(5e6)?.message ?? "",
    /2 Pending, the first job-0; none was begun: does the scheduler run\?/,
  );
  idle.see(job("job-0", "Running"), 1e6);
  assertMatch(idle.failure(5e6)?.message ?? "", /none has ended; certctl gives/);
});

Deno.test("whatever is seen in whatever order, each job is open, completed or failed, and never two of these", () => {
  const status = fc.constantFrom(
    "Pending",
    "AwaitingCSR",
    "Running",
    "Completed",
    "Failed",
    "Cancelled",
  );
  const sight = fc.tuple(fc.integer({ min: 0, max: 12 }), status);
  fc.assert(fc.property(fc.array(sight), (sights) => {
    const book = new JobBook(ids(10), 0);
    const ends = new Set<string>();
    for (const [n, seen] of sights) {
      const end = book.see(job(`job-${n}`, seen), 1);
      if (end === undefined) continue;
      assert(!ends.has(end.id));
      ends.add(end.id);
    }
    return book.open.size + book.completed + book.failed === 10 && ends.size === book.ended;
  }));
});

Deno.test("a count holds until the next sight: its integral is that of the steps", () => {
  const steps = fc.array(
    fc.tuple(fc.integer({ min: 0, max: 50 }), fc.integer({ min: 0, max: 1000 })),
  );
  fc.assert(fc.property(fc.integer({ min: 0, max: 50 }), steps, (first, rest) => {
    const integral = new Integral(first, 0);
    let atUs = 0, value = first, sum = 0;
    for (const [next, afterUs] of rest) {
      atUs += afterUs;
      sum += value * afterUs;
      value = next;
      integral.see(next, atUs);
    }
    return integral.total === sum;
  }));
});

Deno.test("statuses that a server makes up are told in part, and of 60,000 at once", () => {
  const book = new JobBook(ids(60_000), 0);
  for (let n = 0; n < 60_000; n++) book.see(job(`job-${n}`, `${"x".repeat(100)}${n}`), 1e6);
  const message = book.failure(2e6)?.message ?? "";
  assertMatch(message, /^60000 of 60000 jobs .* and 59992 more, the first job-0/);
  assert(message.length < 600, String(message.length));
});
