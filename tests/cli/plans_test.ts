import { join } from "node:path";
import { assertEquals, assertMatch, assertStringIncludes } from "../assert.ts";
import { withLab } from "../lab/harness.ts";
import { certload, certloadIn, type Printed, withFolder } from "./in_process.ts";

const PLAN = `name: mine
target: { base_url: "https://127.0.0.1:1" }
warmup: off
scenarios:
  one: { phase: api, flow: list_certificates, rate: 20/s, duration: 10s }
  two: { phase: connector, flow: http_request, with: { path: /health }, users: 2, duration: 10s }
`;

function check(...args: string[]): Promise<Printed> {
  return new Promise((resolve, reject) => {
    withFolder({ "plan.yaml": PLAN }, async (folder) => {
      resolve(await certload(folder, "check", "{}/plan.yaml", ...args));
    }).catch(reject);
  });
}

Deno.test("check prints the effective plan and what it comes to, and says when it is only bounded or open", async () => {
  const { code, out, err } = await check();
  assertEquals([code, err], [0, ""]);
  assertMatch(out, /^name: mine\n/);
  assertMatch(out, /\none +even +200 +200\n/);
  assertMatch(out, /\ntwo +users +as many as are answered/);
  assertMatch((await certload("", "check", "acme")).out, /at most 30,100/);
});

Deno.test("every flag of a plan changes what it says it changes", async () => {
  const has = async (text: string, ...args: string[]): Promise<void> => {
    const { code, out, err } = await check(...args);
    assertEquals(code, 0, err);
    assertStringIncludes(out, text, args.join(" "));
  };
  await has("base_url: https://mine.example", "--target", "https://mine.example");
  await has('token: "***"', "--token", "t-0123456789");
  await has("insecure_skip_verify: true", "--insecure");
  assertMatch((await check("--duration", "2s", "--skip", "two")).out, /\nall +40 +40\n/);
  await has("rate: 7/s", "--set", "scenarios.one.rate=7/s");
  const left = async (...args: string[]): Promise<string[]> => {
    const { out } = await check(...args);
    return ["one", "two"].filter((name) => out.includes(`\n  ${name}:\n`));
  };
  assertEquals(await left("--only", " one , "), ["one"]);
  assertEquals(await left("--only", "one,two"), ["one", "two"]);
  assertEquals(await left("--skip", "api"), ["two"]);
});

Deno.test("a file goes before a shipped plan of its name, and a shipped one needs no file", async () => {
  await withFolder({ acme: PLAN }, async (folder) => {
    assertStringIncludes((await certload(folder, "check", "{}/acme")).out, "name: mine");
  });
  assertStringIncludes((await certload("", "check", "acme")).out, "name: certctl ACME load test");
  const none = await certload("", "check", "nothing.yaml");
  assertEquals([none.code, none.out], [104, ""]);
  assertMatch(
    none.err,
    /^Cannot read the plan "nothing.yaml": there is no such file.*lifecycle, loadtest, quickstart, scheduler, sequence\n$/,
  );
});

Deno.test("a broken plan is told, and a problem of the command line goes before", async () => {
  await withFolder({ "plan.yaml": PLAN.replace("20/s", "often") }, async (folder) => {
    for (const command of ["check", "doctor", "run"]) {
      const { code, out, err } = await certload(folder, command, "{}/plan.yaml");
      assertEquals([code, out], [104, ""], command);
      assertStringIncludes(err, "plan.yaml:5:");
      const wrong = await certload(folder, command, "{}/plan.yaml", "--nonsense");
      assertEquals([wrong.code, wrong.err.includes("plan.yaml:5:")], [104, false], command);
    }
    const ca = await certload(folder, "check", "{}/plan.yaml", "--ca", "{}/none.pem");
    assertStringIncludes(ca.err, 'none.pem": there is no such file or folder');
  });
});

Deno.test("doctor and run against a lab: what works is told and measured, what does not ends with 94", async () => {
  await withLab({}, async ({ lab: { addresses } }) => {
    await withFolder({ "plan.yaml": PLAN, "ca.pem": addresses.caPem }, async (folder) => {
      const target = ["--target", addresses.api, "--ca", "{}/ca.pem", "--token", "load-test-token"];
      const doctor = await certload(folder, "doctor", "{}/plan.yaml", ...target);
      assertEquals(doctor.code, 0, doctor.out + doctor.err);
      assertMatch(doctor.out, /^✓ one: list 200 in [\d.]+ [mµ]s\n✓ two: /);
      const second = await certload(
        folder,
        ...["doctor", "{}/plan.yaml", ...target, "--client", "undici"],
      );
      assertEquals(second.code, 0, second.out + second.err);
      assertMatch(second.out, /^✓ one: list 200 in [\d.]+ [mµ]s\n✓ two: /);
      const refused = await certload(folder, "doctor", "{}/plan.yaml", "--only", "one");
      assertEquals(refused.code, 94);
      assertMatch(refused.out, /✗ one, step list\n {4}asked: {2}GET https:\/\/127\.0\.0\.1:1\//);

      const out = ["--out", "{}/results", "--duration", "1s", "--only", "one"];
      const run = await certload(folder, "run", "{}/plan.yaml", ...target, ...out);
      const summary = JSON.parse(await Deno.readTextFile(join(folder, "results", "summary.json")));
      assertEquals(run.code, summary.exit.code, run.err);
      assertEquals(summary.phases.api.one.count, 20);
      assertEquals(run.out, await Deno.readTextFile(join(folder, "results", "summary.txt")));

      const unready = await certload(folder, "run", "{}/plan.yaml", ...out.with(1, "{}/none"));
      assertEquals([unready.code, unready.out], [94, ""]);
      assertMatch(unready.err, /^Not ready: no load was sent\n✗ one/);
      assertEquals(await Deno.stat(join(folder, "none")).catch(() => "no folder"), "no folder");
    });
  });
});

Deno.test("run and doctor that are interrupted before there is load end with 105", async () => {
  const ended = AbortSignal.abort();
  await withFolder({ "plan.yaml": PLAN }, async (folder) => {
    const interrupt = { soft: ended, hard: new AbortController().signal };
    const run = await certloadIn({ interrupt }, folder, "run", "{}/plan.yaml", "--out", "{}/r");
    assertEquals([run.code, run.err], [105, "Interrupted before any load was sent\n"]);
    const doctor = await certloadIn({ interrupt }, folder, "doctor", "{}/plan.yaml");
    assertEquals(doctor.code, 105);
  });
});

Deno.test("init writes what is shipped, and replaces nothing that it is not told to", async () => {
  await withFolder({}, async (folder) => {
    const first = await certload(folder, "init", "{}/mine");
    assertEquals([first.code, first.err], [0, ""]);
    assertMatch(
      first.out,
      /\/mine\/plan\.schema\.json\n\nTo run them:\n {2}certload run .*quickstart/,
    );
    const plan = await Deno.readTextFile(join(folder, "mine/scenarios/acme.yaml"));
    assertMatch(plan, /^# yaml-language-server: \$schema=\.\.\/plan\.schema\.json\n/);
    JSON.parse(await Deno.readTextFile(join(folder, "mine/plan.schema.json")));
    await Deno.stat(join(folder, "mine/compose/docker-compose.yml"));
    const again = await certload(folder, "init", "{}/mine");
    assertEquals([again.code, again.out], [104, ""]);
    assertStringIncludes(again.err, "already; --force replaces");
    assertEquals((await certload(folder, "init", "{}/mine", "--force")).code, 0);
    await Deno.writeTextFile(join(folder, "file"), "");
    const barred = await certload(folder, "init", "{}/file");
    assertEquals(barred.code, 104);
    assertStringIncludes(barred.err, "Cannot write into");
  });
});

Deno.test("doctor brings up the lab that a plan wants, hands over its addresses, and ends it", async () => {
  const { code, out, err } = await certload("", "doctor", "quickstart");
  assertEquals([code, err], [0, "starting the embedded lab\n"], out);
  assertMatch(out, /^✓ issuance_acceptance: create 201 in /);
  assertStringIncludes(out, "✓ f5_handshake: handshake 200 in ");
});

Deno.test("run finds what it could not write at its end before it begins", async () => {
  await withFolder({ "plan.yaml": PLAN, file: "" }, async (folder) => {
    const places = {
      "--out": "{}/file/results",
      "--report": "html={}/file/x.html",
      "--prometheus": "{}/file/x.prom",
      "--save-baseline": "{}/file/baseline.json",
    };
    for (const [flag, value] of Object.entries(places)) {
      const { code, out, err } = await certload(folder, "run", "{}/plan.yaml", flag, value);
      assertEquals([code, out], [104, ""], flag);
      assertMatch(
        err,
        /^certload run: Cannot write .*\/file\/.*: a part of the path is a file/,
        flag,
      );
    }
    const twice = await certload(folder, "run", "{}/plan.yaml", "--report", "html={}/x,junit={}/x");
    assertStringIncludes(twice.err, "several reports are to go to");
  });
});
