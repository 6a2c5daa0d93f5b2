/**
 * Every command, against a server that says back all that it is told: no secret is in what is printed or written, and
 * nothing that a terminal or a CI obeys.
 */
import { join } from "node:path";
import { assert, assertEquals, assertMatch } from "../assert.ts";
import { testWith } from "../programs.ts";
import { filesBelow, PLAN, type Planted, runIn, SECRETS, startPlanted } from "./planted.ts";

const NEVER = new RegExp(
  "[\\u0000-\\u0008\\u000b-\\u001f\\u007f-\\u009f\\u061c\\u200e\\u200f" +
    "\\u202a-\\u202e\\u2066-\\u2069\\u2028\\u2029]",
);

/** What is left of a secret when its spelling is undone: eight letters in a row are too many. */
function leftOf(secret: string, text: string): string | undefined {
  const decoded = [
    text,
    text.replaceAll(/%([0-9a-f]{2})/gi, (_, hex) => String.fromCharCode(parseInt(hex, 16))),
    text.replaceAll(/\\+u([0-9a-f]{4})/gi, (_, hex) => String.fromCharCode(parseInt(hex, 16))),
    text.replaceAll(/&(?:amp;)?#(\d+);/g, (_, code) => String.fromCharCode(Number(code))),
    text.replaceAll(/\b(?:[0-9a-f]{2}){6,}\b/gi, (hex) => {
      return new TextDecoder().decode(Uint8Array.fromHex(hex));
    }),
    ...[0, 1, 2, 3].map((skip) =>
      text.replaceAll(/[\w+/-]{12,}/g, (run) => {
        const part = run.slice(skip).replaceAll("-", "+").replaceAll("_", "/");
        return atob(part.slice(0, part.length - part.length % 4));
      })
    ),
  ];
  for (let at = 0; at + 12 <= secret.length; at++) {
    const part = secret.slice(at, at + 12);
    // `planted-` is what all have in common, and names the place.
    if (at >= 8 && decoded.some((way) => way.includes(part))) return part;
  }
  return undefined;
}

interface Text {
  readonly name: string;
  readonly text: string;
}

function assertNothingLeft(texts: readonly Text[]): void {
  for (const { name, text } of texts) {
    for (const [place, secret] of Object.entries(SECRETS)) {
      const left = leftOf(secret, text);
      const at = left === undefined ? 0 : Math.max(0, text.indexOf(left) - 80);
      assertEquals(left, undefined, `${place} in ${name}: ${text.slice(at, at + 200)}`);
    }
  }
}

function assertNothingObeyed(texts: readonly Text[]): void {
  for (const { name, text } of texts) {
    const found = NEVER.exec(text);
    const near = found === null
      ? ""
      : JSON.stringify(text.slice(found.index - 40, found.index + 9));
    assertEquals(found, null, `${name}: ${near}`);
  }
}

function assertNoCommands(texts: readonly Text[]): void {
  for (const { name, text } of texts) {
    for (const line of text.split("\n")) {
      assert(!/^\s*::/.test(line) && !/##\w*\[/.test(line), `${name}: ${line}`);
    }
  }
}

async function withPlanted(
  status: number,
  use: (folder: string, server: Planted) => Promise<void>,
): Promise<void> {
  const server = startPlanted(status);
  const folder = await Deno.makeTempDir({ prefix: "certload-planted-" });
  try {
    await Deno.writeTextFile(join(folder, "plan.yaml"), PLAN);
    await use(folder, server);
  } finally {
    await server.close();
    await Deno.remove(folder, { recursive: true });
  }
}

const environmentOf = ({ origin }: Planted): Record<string, string> => ({
  BASE: origin,
  TOKEN: SECRETS.token,
  MY_SECRET: SECRETS.variable,
  UNRELATED_API_KEY: SECRETS.variable,
  CERTLOAD_EAB_HMAC_KEY: SECRETS.eab,
  GITHUB_ACTIONS: "true",
  NO_COLOR: "",
});

const REPORTS = ["html", "markdown", "junit", "prometheus"].map((format) =>
  `${format}=r/${format}`
);

const RUN = ["run", "plan.yaml", "--no-probe", "--skip", "token_refresh"];

/** Command lines in groups, of which later ones find the files of earlier ones; `URL` stands for the server. */
const COMMANDS: readonly (readonly (readonly string[])[])[] = [
  [
    ["check", "plan.yaml"],
    ["check", "plan.yaml", "--set", `target.token=${SECRETS.set}`, "--set", "nothing.here=1"],
    ["check", "plan.yaml", "--set", `target.headers={x: Bearer ${SECRETS.set}}`, "--set", "a"],
    ["check", "plan.yaml", "--target", `http://u:${SECRETS.user}@127.0.0.1:9/`],
    ["check", "plan.yaml", "--tokne", SECRETS.flag, "--token", SECRETS.flag],
    ["check", `missing.yaml?token=${SECRETS.flag}`, "--token", SECRETS.flag],
    ["check", "broken.yaml"],
    ["lab", "--faults", `{"token":"${SECRETS.flag}"`],
    [SECRETS.flag, "--token", SECRETS.flag],
    ["conform", `http://u:${SECRETS.user}@127.0.0.1:9/`],
  ],
  [
    ["doctor", "plan.yaml", "--token", SECRETS.flag],
    ["run", "plan.yaml", "--out", "none"],
    [...RUN, "--report", [...REPORTS, "hgrm=r/hgrm"].join()],
    [...RUN, "--out", "again", "--token", SECRETS.flag],
    ["run", "plan.yaml", "--no-probe", "--out", "refused"],
    ["run", "plan.yaml", "--out", `none?token=${SECRETS.flag}`, "--token", SECRETS.flag],
    ["conform", "URL/directory", "--header", `x-api-key: ${SECRETS.flag}`, "--eab-kid", "k"],
    ["conform", `URL/directory?token=${SECRETS.flag}`],
  ],
  [
    ...["text", "json", "html", "markdown", "junit", "prometheus"].map((format) => [
      "report",
      "results/summary.json",
      "--format",
      format,
    ]),
    ["compare", "results/summary.json", "again/summary.json", "--force"],
    ["baseline", "save", "results/summary.json", "baseline.json", "--force"],
    ["merge", "results/summary.json", "again/summary.json", "--out", "merged"],
    ["report", `nothing?token=${SECRETS.flag}`, "--format", SECRETS.flag, "--token", SECRETS.flag],
  ],
  [["baseline", "show", "baseline.json"]],
];

/** A plan with a problem on every line that holds a secret. */
const BROKEN = `
target: { base_url: 5, token: ["${SECRETS.token}"], headers: { authorization: { a: "${
  SECRETS.header.slice(
    0,
    14,
  )
}" } } }
server_metrics: { url: "http://u:${SECRETS.user}@h/", token: ${SECRETS.set} }
scenarios:
  a: { flow: http_request, with: { url: "http://u:${SECRETS.user}@h/?api_key=${SECRETS.flag}", hmac_key: ${SECRETS.eab} }, rate: x }
  b: { flow: "\\e[31m::error::\\u202e", api_key: "${SECRETS.variable}", "\\e[2J": 1 }
`;

/** As many at a time as a small host has cores. */
async function inTurns<T>(
  atOnce: number,
  items: readonly T[],
  act: (item: T) => Promise<void>,
): Promise<void> {
  const left = items.values();
  const turn = async (): Promise<void> => {
    for (const item of left) await act(item);
  };
  await Promise.all(Array.from({ length: atOnce }, turn));
}

Deno.test("no command prints or writes a secret, or what a terminal or a CI obeys, whatever a server says", async () => {
  await withPlanted(500, async (folder, server) => {
    await Deno.writeTextFile(join(folder, "broken.yaml"), BROKEN);
    const env = environmentOf(server);
    const perform = async (command: readonly string[]): Promise<void> => {
      const args = command.map((word) => word.replace("URL", server.origin));
      const { stdout, stderr, code } = await runIn(folder, args, env);
      assert(code !== 107, `${args.join(" ")}: ${stderr}`);
      const printed = [
        { name: `stdout of ${args.join(" ")}`, text: stdout },
        { name: `stderr of ${args.join(" ")}`, text: stderr },
      ];
      assertNothingLeft(printed);
      assertNothingObeyed(printed);
      assertNoCommands(printed);
    };
    for (const group of COMMANDS) await inTurns(2, group, perform);
    const written = Object.entries(await filesBelow(folder)).map(([name, text]) => ({
      name,
      text,
    }));
    assert(written.length >= 9, `${written.map(({ name }) => name).join()}`);
    assertNothingLeft(written);
    assertNothingObeyed(written);
  });
});

Deno.test("an answer that is right but says too much is shown as harmlessly", async () => {
  await withPlanted(200, async (folder, server) => {
    const env = environmentOf(server);
    for (
      const args of [["doctor", "plan.yaml"], RUN, [
        "conform",
        `${server.origin}/directory`,
        "--header",
        `x-api-key: ${SECRETS.flag}`,
      ]]
    ) {
      const { stdout, stderr } = await runIn(folder, args, env);
      const printed = [{ name: args.join(" "), text: stdout + stderr }];
      assertNothingLeft(printed);
      assertNothingObeyed(printed);
      assertNoCommands(printed);
    }
  });
});

testWith("sh")(
  "what a compose tool and its containers print is shown without secrets and controls",
  async () => {
    await withPlanted(500, async (folder, server) => {
      const said =
        `printf '%s \\033[31mred\\033]0;t\\007\\302\\2332J\\342\\200\\256 %s %s\\n::error::x\\n' ` +
        `"$TOKEN" "$(printf %s "$TOKEN" | od -An -tx1 | tr -d ' \\n')" '{"DB_PASSWORD":"nobody-told-you"}'`;
      const tool = join(folder, "docker");
      const script = `#!/bin/sh
${said} >&2
case " $* " in *" version "*) echo "stand-in 1.0 $TOKEN";; *" up "*) ${said}; exit 3;; esac
`;
      await Deno.writeTextFile(tool, script, { mode: 0o755 });
      const args = ["doctor", "plan.yaml", "--stack", "compose", "--compose-command", tool];
      const { code, stdout, stderr } = await runIn(folder, args, environmentOf(server));
      assertEquals([code, stdout], [94, ""]);
      assertMatch(stderr, /Cannot start the compose stack/);
      assertMatch(stderr, /"DB_PASSWORD":"\*\*\*"/);
      const printed = [{ name: "stderr", text: stderr }];
      assertNothingLeft(printed);
      assertNothingObeyed(printed);
      assertNoCommands(printed);
    });
  },
);
