/** The hosts of a run over ssh, as they are typed. */
import { quoted } from "../terminal.ts";
import { MOST_SHARDS } from "../shard.ts";

const USER = String.raw`[A-Za-z0-9_][\w.-]*`;
const NAME = String.raw`[A-Za-z0-9_][\w.-]*`;
const ADDRESS = String.raw`\[[0-9A-Fa-f:.]+\]`;
/** Nothing in it means anything to a shell, to GNU parallel, or, in front, to ssh. */
const HOST = new RegExp(`^(?:${USER}@)?(?:${NAME}|${ADDRESS})(?::\\d{1,5})?$`);
const PORT = /:(\d+)$/;

/**
 * Names of a list with commas, or of a file with one a line, where `#` begins a comment; all problems with them.
 *
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(parseHosts("load-1, ops@load-2:2222"), { hosts: ["load-1", "ops@load-2:2222"], problems: [] });
 * assertEquals(parseHosts("-oProxyCommand=x").problems.length, 1);
 * ```
 */
export function parseHosts(text: string): { hosts: string[]; problems: string[] } {
  const hosts = text.split(/\r?\n/).map((line) => line.replace(/(?:^|\s)#.*/s, ""))
    .flatMap((line) => line.split(/[\s,]+/)).filter((host) => host !== "");
  const problems = hosts.filter((host) => !isHost(host)).map((host) =>
    `${quoted(host, 80)} is no host: it must be [user@]host[:port]`
  );
  const twice = hosts.filter((host, at) => hosts.indexOf(host) < at);
  problems.push(
    ...new Set(
      twice.map((host) =>
        `${
          quoted(host, 80)
        } is there twice: two machines' parts on one host would slow each other down`
      ),
    ),
  );
  if (hosts.length === 0) {
    problems.push("there is no host: give a list (a,b,c), or a file with one a line");
  }
  if (hosts.length > MOST_SHARDS) {
    problems.push(`${hosts.length} hosts: ${MOST_SHARDS} can share a run`);
  }
  return { hosts, problems };
}

function isHost(text: string): boolean {
  const port = PORT.exec(text)?.[1];
  return HOST.test(text) && (port === undefined || Number(port) >= 1 && Number(port) <= 65_535);
}

/** As ssh takes it: a port stands in a URI. */
export function sshDestination(host: string): string {
  return PORT.test(host) || host.includes("[") ? `ssh://${host}` : host;
}
