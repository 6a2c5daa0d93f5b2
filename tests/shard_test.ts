import fc from "fast-check";
import {
  INDEX_VARIABLES,
  parseShard,
  type ShardChoice,
  shardName,
  shardOf,
  shareOfShard,
} from "../src/shard.ts";
import { assert, assertEquals } from "./assert.ts";

function choose(flag: string | undefined, variables: Record<string, string>): ShardChoice {
  return shardOf(flag, (name) => variables[name]);
}

function problemOf(flag: string | undefined, variables: Record<string, string>): string {
  const choice = choose(flag, variables);
  return "problem" in choice ? choice.problem : "";
}

Deno.test("a shard is written as test runners write it, counted from one", () => {
  assertEquals(parseShard("3/8"), { index: 3, count: 8 });
  assertEquals(parseShard(" 1 / 1 "), { index: 1, count: 1 });
  assertEquals(shardName({ index: 3, count: 8 }), "shard 3 of 8");
  assertEquals(shareOfShard({ index: 3, count: 8 }), { index: 2, count: 8 });
  assertEquals(parseShard("0/8"), "counts from 1: the first of 8 is 1/8");
  assertEquals(parseShard("9/8"), "is 9 of 8: the last is 8/8");
  assertEquals(parseShard("1/0"), "counts 0 machines: 1 to 10000 can share a run");
  for (const text of ["", "3", "3/", "/8", "a/b", "-1/8", "3/8/9", "1.5/8", "3 of 8"]) {
    assertEquals(
      parseShard(text),
      `must be I/N, for example 3/8, the third of eight: it is ${JSON.stringify(text)}`,
    );
  }
});

Deno.test("what an engine sets asks for no part by itself", () => {
  const everything = {
    JOB_COMPLETION_INDEX: "2",
    SLURM_PROCID: "2",
    SLURM_NTASKS: "8",
    NOMAD_ALLOC_INDEX: "2",
    AWS_BATCH_JOB_ARRAY_INDEX: "2",
    AWS_BATCH_JOB_ARRAY_SIZE: "8",
    PARALLEL_SEQ: "3",
  };
  assertEquals(choose(undefined, everything), { shard: undefined });
  assertEquals(choose(undefined, { CERTLOAD_SHARDS: "  " }), { shard: undefined });
});

Deno.test("`--shard auto` and CERTLOAD_SHARDS take what the engine set", () => {
  const third = (by: string): ShardChoice => ({ shard: { index: 3, count: 8 }, by });
  const cases: [Record<string, string>, string][] = [
    [{ JOB_COMPLETION_INDEX: "2", CERTLOAD_SHARDS: "8" }, "JOB_COMPLETION_INDEX"],
    [{ NOMAD_ALLOC_INDEX: "2", CERTLOAD_SHARDS: "8" }, "NOMAD_ALLOC_INDEX"],
    [{ PARALLEL_SEQ: "3", CERTLOAD_SHARDS: "8" }, "PARALLEL_SEQ"],
    [{ CERTLOAD_SHARD_INDEX: "2", CERTLOAD_SHARDS: "8" }, "CERTLOAD_SHARD_INDEX"],
  ];
  for (const [variables, name] of cases) {
    assertEquals(choose("auto", variables), third(`${name} and CERTLOAD_SHARDS`));
    assertEquals(choose(undefined, variables), third(`${name} and CERTLOAD_SHARDS`));
  }
  assertEquals(
    choose("auto", { SLURM_PROCID: "2", SLURM_NTASKS: "8" }),
    third("SLURM_PROCID and SLURM_NTASKS"),
  );
  assertEquals(
    choose("auto", { AWS_BATCH_JOB_ARRAY_INDEX: "2", AWS_BATCH_JOB_ARRAY_SIZE: "8" }),
    third("AWS_BATCH_JOB_ARRAY_INDEX and AWS_BATCH_JOB_ARRAY_SIZE"),
  );
});

Deno.test("a Slurm array's tasks have one process each, and the array's numbers are meant", () => {
  const task = { SLURM_PROCID: "0", SLURM_NTASKS: "1" };
  const array = { SLURM_ARRAY_TASK_ID: "12", SLURM_ARRAY_TASK_MIN: "10" };
  assertEquals(choose("auto", { ...task, ...array, SLURM_ARRAY_TASK_COUNT: "8" }), {
    shard: { index: 3, count: 8 },
    by: "SLURM_ARRAY_TASK_ID and SLURM_ARRAY_TASK_COUNT",
  });
  assertEquals(choose("auto", task), {
    shard: { index: 1, count: 1 },
    by: "SLURM_PROCID and SLURM_NTASKS",
  });
});

Deno.test("tasks of a job array that counts in steps are told by their places", () => {
  const array = {
    SLURM_ARRAY_TASK_MIN: "10",
    SLURM_ARRAY_TASK_STEP: "5",
    SLURM_ARRAY_TASK_COUNT: "4",
  };
  const told = ["10", "15", "20", "25"].map((id) =>
    choose("auto", { ...array, SLURM_ARRAY_TASK_ID: id })
  );
  assertEquals(
    told.map((choice) => "shard" in choice ? choice.shard : choice),
    [1, 2, 3, 4].map((index) => ({ index, count: 4 })),
  );
  assertEquals(
    problemOf("auto", { ...array, SLURM_ARRAY_TASK_ID: "12" }),
    "SLURM_ARRAY_TASK_ID is 12: from 10 on in steps of 5 there is no such",
  );
});

Deno.test("the flag goes before the environment", () => {
  const variables = { JOB_COMPLETION_INDEX: "2", CERTLOAD_SHARDS: "8" };
  assertEquals(choose("1/4", variables), { shard: { index: 1, count: 4 }, by: "--shard" });
  assertEquals(problemOf("5/4", variables), "--shard is 5 of 4: the last is 4/4");
});

Deno.test("a half of what is needed is a problem that says which", () => {
  assertEquals(
    problemOf(undefined, { CERTLOAD_SHARDS: "8" }),
    "CERTLOAD_SHARDS asks for a part of the run, and no variable says which: none of " +
      `${INDEX_VARIABLES.join(", ")} is set; give --shard I/N`,
  );
  assertEquals(
    problemOf("auto", { JOB_COMPLETION_INDEX: "2" }),
    "JOB_COMPLETION_INDEX says which part of the run this is, and nothing of how many: " +
      "set CERTLOAD_SHARDS, or give --shard I/N",
  );
  assertEquals(
    problemOf("auto", { JOB_COMPLETION_INDEX: "8", CERTLOAD_SHARDS: "8" }),
    "The part of the run that JOB_COMPLETION_INDEX and CERTLOAD_SHARDS say is 9 of 8: the last is 8/8",
  );
});

Deno.test("engines within engines that say different parts are a problem, not a guess", () => {
  const slurm = { SLURM_PROCID: "0", SLURM_NTASKS: "8" };
  assertEquals(
    problemOf("auto", { ...slurm, PARALLEL_SEQ: "3" }),
    "SLURM_PROCID and PARALLEL_SEQ say different parts of the run (1/8 and the 3.): give --shard I/N",
  );
  assertEquals(
    problemOf("auto", { ...slurm, CERTLOAD_SHARDS: "4" }),
    "CERTLOAD_SHARDS is 4 and SLURM_NTASKS is 8: the run is shared by one number of machines; " +
      "give --shard I/N",
  );
  assertEquals(choose("auto", { ...slurm, PARALLEL_SEQ: "1" }), {
    shard: { index: 1, count: 8 },
    by: "SLURM_PROCID and SLURM_NTASKS",
  });
});

Deno.test("all that is no number is told at once", () => {
  assertEquals(
    problemOf("auto", { CERTLOAD_SHARDS: "eight", JOB_COMPLETION_INDEX: "-1" }),
    'CERTLOAD_SHARDS is "eight": it must be a whole number; ' +
      'JOB_COMPLETION_INDEX is "-1": it must be a whole number',
  );
});

Deno.test("whatever the environment says, a choice is a whole shard, none, or a sentence", () => {
  const value = fc.oneof(fc.string(), fc.nat(20).map(String), fc.constant("auto"));
  const names = fc.constantFrom(
    ...INDEX_VARIABLES,
    "CERTLOAD_SHARDS",
    "SLURM_NTASKS",
    "SLURM_ARRAY_TASK_COUNT",
    "SLURM_ARRAY_TASK_MIN",
    "AWS_BATCH_JOB_ARRAY_SIZE",
  );
  const flags = fc.option(fc.oneof(value, fc.constant("3/8")), { nil: undefined });
  fc.assert(fc.property(flags, fc.dictionary(names, value), (flag, variables) => {
    const choice = choose(flag, variables);
    if ("problem" in choice) return assert(choice.problem.length > 10);
    if (choice.shard === undefined) return assert(flag === undefined);
    const { index, count } = choice.shard;
    assert(index >= 1 && index <= count, `${index}/${count}`);
  }));
});
