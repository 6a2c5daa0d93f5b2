/** A run against servers that mean no good ends with a summary that says what they did. */
import { assert, assertEquals } from "../assert.ts";
import { issue } from "../http/certificates.ts";
import { type Behaviour, BEHAVIOURS } from "../http/hostile.ts";
import { type ScriptedServer, serve } from "../http/scripted_server.ts";
import { withProgram } from "./program.ts";

const CHOSEN: Readonly<Record<string, string>> = {
  silence: "silence",
  dripping: "a body that drips",
  endless: "endless interim answers",
  body: "an endless body",
  bomb: "a gzip bomb",
  garbage: "octets of any kind",
  not_tls: "the banner of SSH, in place of a handshake",
  half: "an end in the body, over TLS",
  frames: "frames of 0 bytes at most, in HTTP/2",
  continued: "empty continuations without end, in HTTP/2",
  pings: "pings without end, in HTTP/2",
  refused: "a stream that is refused again and again, in HTTP/2",
  hpack: "one octet for 3,000 letters, 3,000 times, in HTTP/2",
};

Deno.test("a run against hostile servers ends in a summary with a class for each", async () => {
  const certificate = await issue();
  const servers = Object.entries(CHOSEN).map(([id, name]) => {
    const behaviour = BEHAVIOURS.find((one) => one.name === name);
    assert(behaviour !== undefined, name);
    return { id, behaviour, server: serverOf(behaviour) };
  });
  function serverOf({ way, script }: Behaviour): ScriptedServer {
    const secure = way === "tls" || way === "h2";
    return serve(script, secure ? { certificate, alpn: way === "h2" ? ["h2"] : ["http/1.1"] } : {});
  }
  const scenario = (
    { id, behaviour: { way, expected }, server }: typeof servers[number],
  ): string => {
    const url = `${way === "plain" ? "http" : "https"}://127.0.0.1:${server.port}/`;
    const protocol = way === "h2" ? "h2" : "http/1.1";
    return `  ${id}: { flow: http_request, with: { url: "${url}" }, rate: 3/s, duration: 1s, ` +
      `protocol: ${protocol}, timeout: ${expected === "timeout" ? "2s" : "30s"} }\n`;
  };
  const text = `name: hostile
target: { base_url: "http://127.0.0.1:1", tls: { insecure_skip_verify: true } }
warmup: off
graceful_stop: 40s
scenarios:
${servers.map(scenario).join("")}`;
  try {
    const files = { "plan.yaml": text };
    await withProgram(
      ["run", "plan.yaml", "--no-probe"],
      { files },
      ({ summary, stdout, stderr }) => {
        assert(summary !== undefined, stdout + stderr);
        for (const { id, behaviour } of servers) {
          const { count, failures } = summary.phases.api[id];
          const classes = failures.map((each: { class: string }) => each.class);
          assertEquals([count, classes], [3, [behaviour.expected]], `${id}: ${stdout}${stderr}`);
        }
      },
    );
  } finally {
    await Promise.all(servers.map(({ server }) => server.close()));
  }
});
