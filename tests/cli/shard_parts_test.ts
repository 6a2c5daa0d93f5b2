import { shardLines } from "../../src/cli/shard_parts.ts";
import { assertEquals } from "../assert.ts";
import { planOf } from "../engine/plans.ts";
import { certload, withFolder } from "./in_process.ts";

const PLAN = `
name: shared
target: { base_url: "https://ca.example" }
scenarios:
  list: { flow: list_certificates, rate: 50/s, duration: 5m }
  few: { flow: http_request, with: { path: / }, rate: 1/s, duration: 10s, max_in_flight: 2, max_connections: 3 }
  users: { flow: http_request, with: { path: / }, users: 5, think_time: 1s, duration: 10s }
  eager: { flow: http_request, with: { path: / }, users: 2, duration: 10s }
  renewal: { flow: bulk_renew, with: { batch: 10 }, rate: 6/min, duration: 30s }
`;

const TEXT = [
  "of each machine     machines     arrivals  at most  in flight  connections",
  "list             1 to 4 of 4        3,750   12.5/s      2,500    as needed",
  "few                   1 of 4            5    0.5/s          1            2",
  "                      2 of 4            5    0.5/s          1            1",
  "                 3 to 4 of 4         none",
  "users                 1 of 4   at most 14  2 users               as needed",
  "                 2 to 3 of 4   at most 14   1 user               as needed",
  "                      4 of 4   at most 13   1 user               as needed",
  "eager            1 to 2 of 4  as answered   1 user               as needed",
  "                 3 to 4 of 4         none",
  "renewal               1 of 4            3    0.1/s     10,000    as needed",
  "                 2 to 4 of 4         none",
  "",
  "each machine needs  (a core for each worker)",
  "  1 of 4: 1 worker, up to 215/s requests",
  "  2 of 4: 1 worker, up to 214/s requests",
  "  3 to 4 of 4: 1 worker, up to 13.8/s requests",
  "  the plan (plan.yaml), and the variables that the plan reads, the same on each",
  "  renewal: machine 1 alone makes what it needs: 10 certificates for each arrival, issued on an agent's request",
];

Deno.test("each machine's part of every scenario is told, those that have the same in one row", () => {
  assertEquals(shardLines(planOf(PLAN), 4), TEXT);
});

Deno.test("check --shards prints it below the plan, and refuses what is no number of machines", async () => {
  await withFolder({ "plan.yaml": PLAN }, async (folder) => {
    const text = TEXT.join("\n").replace("(plan.yaml)", `(${folder}/plan.yaml)`);
    const { code, out } = await certload(folder, "check", "{}/plan.yaml", "--shards", "4");
    assertEquals([code, out.endsWith(`\n\n${text}\n`)], [0, true], out);
  });
  for (const wrong of ["0", "eight", "10001", "-1", "1.5"]) {
    const { code, err } = await certload("", "check", "acme", `--shards=${wrong}`);
    assertEquals(code, 104);
    assertEquals(
      err.split("\n")[0],
      `certload check: --shards needs a number of machines from 1 to 10000: got ${
        JSON.stringify(wrong)
      }`,
    );
  }
});
