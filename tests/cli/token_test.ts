import { assert, assertEquals } from "../assert.ts";
import { withServer } from "../acme/harness.ts";
import { certload } from "./in_process.ts";

interface Asked {
  readonly path: string;
  readonly authorization: string | null;
}

const seen = (asked: readonly Asked[]): Set<string | null> =>
  new Set(asked.map(({ authorization }) => authorization));

for (const plan of ["acme", "acme_enroll"]) {
  Deno.test(`the shipped plan ${plan} asks with --token on the target's /acme, and nowhere else`, async () => {
    const requests: Asked[] = [];
    const answer = ({ url, headers }: Request): Response => {
      requests.push({
        path: new URL(url).pathname,
        authorization: headers.get("authorization"),
      });
      return new Response("no", { status: 404 });
    };
    await withServer(answer, async (origin) => {
      await certload("", "doctor", plan, "--target", origin, "--token", "t-4711");
      assert(requests.some(({ path }) => path.startsWith("/acme/")), "/acme");
      assertEquals(seen(requests), new Set(["Bearer t-4711"]));
      requests.length = 0;
      const elsewhere = `scenarios.${
        plan === "acme" ? "acme_directory_and_nonce" : "acme_enrollment"
      }.with.directory=${origin}/directory`;
      const target = ["--target", "http://127.0.0.1:9", "--token", "t-4711"];
      await certload("", "doctor", plan, ...target, "--set", elsewhere);
      assertEquals([requests.length > 0, seen(requests)], [true, new Set([null])]);
    });
  });
}
