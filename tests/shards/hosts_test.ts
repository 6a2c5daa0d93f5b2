import fc from "fast-check";
import { parseHosts, sshDestination } from "../../src/shards/hosts.ts";
import { word } from "../../src/shards/shell.ts";
import { assert, assertEquals, assertStringIncludes } from "../assert.ts";
import { hostile } from "./shared_runs.ts";

Deno.test("hosts stand in a list, or one a line with comments", () => {
  const hosts = ["a", "ops@b.example:2222", "[2001:db8::1]:22"];
  assertEquals(parseHosts(hosts.join(",")), { hosts, problems: [] });
  assertEquals(parseHosts("# two racks\na # the first\n\nops@b.example:2222\n[2001:db8::1]:22\n"), {
    hosts,
    problems: [],
  });
});

Deno.test("a file from Windows has the same hosts", () => {
  assertEquals(parseHosts("# two racks\r\na # the first\r\n\r\nb:22\r\n"), {
    hosts: ["a", "b:22"],
    problems: [],
  });
});

Deno.test("a port that there is not is told", () => {
  const { problems } = parseHosts("a:0,b:65535,c:65536,[::1]:99999,[::1]");
  assertEquals(problems.map((problem) => problem.split(" ")[0]), [
    '"a:0"',
    '"c:65536"',
    '"[::1]:99999"',
  ]);
});

Deno.test("a port is told as ssh reads it", () => {
  assertEquals(["a", "u@a", "u@a:22", "[::1]"].map(sshDestination), [
    "a",
    "u@a",
    "ssh://u@a:22",
    "ssh://[::1]",
  ]);
});

Deno.test("none, one twice, and what is no host are told, all at once", () => {
  assertStringIncludes(parseHosts(" # nobody\n").problems[0]!, "there is no host");
  const { problems } = parseHosts("a,a,-oProxyCommand=x,b;c,a");
  assertEquals(problems.length, 3);
  assertStringIncludes(problems[0]!, '"-oProxyCommand=x" is no host');
  assertStringIncludes(problems[2]!, '"a" is there twice');
});

Deno.test("what is taken for a host means nothing to a shell, to GNU parallel, or in front of ssh's flags", () => {
  fc.assert(fc.property(hostile, (text) => {
    const { hosts, problems } = parseHosts(text);
    for (const host of problems.length === 0 ? hosts : []) {
      assert(!/^-|[\s'"`$\\{}();&|<>*?!#~=]/.test(sshDestination(host)), host);
      assert(!host.includes(":::") && word(host).replaceAll("'", "") === host, host);
    }
  }));
});
