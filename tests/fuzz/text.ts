/** Texts that servers, plans and containers write: metrics, JSON, media types; and how they are masked and shown. */
import fc from "fast-check";
import { excerpt, judge, mediaType } from "../../src/http/expectation.ts";
import { jsonStructure } from "../../src/http/json_body.ts";
import { compileTemplate, fill } from "../../src/flows/template.ts";
import { ipOctets, ipText } from "../../src/identifier.ts";
import { maskOf } from "../../src/masking/mask.ts";
import { parseExposition } from "../../src/metrics/exposition.ts";
import { compareReadings } from "../../src/metrics/server_metrics.ts";
import {
  foreign,
  foreignLines,
  harmless,
  lastGuard,
  printable,
  quoted,
} from "../../src/terminal.ts";
import { anyCharacter } from "../any_character.ts";
import { assert, assertEquals } from "../assert.ts";
import { exchangeOf } from "../exchange.ts";
import { textLike } from "./mutate.ts";
import { type AnyTarget, fuzzTarget } from "./target.ts";

const EXPOSITION = `# HELP a_total of a
# TYPE a_total counter
a_total{code="200",path="/\\"x\\""} 17 1395066363000
a_total 17.5 # {trace_id="x"} 0.5 1.25
# TYPE h histogram
h_bucket{le="0.1"} 4
h_bucket{le="0.5"} 9 # {id="1"} 0.3
h_bucket{le="+Inf"} 10
h_sum 3.5e0
h_count 10
# TYPE s summary
s{quantile="0.99"} NaN
s_count -Inf
# EOF
`;
const exposition = textLike(fc.constant(EXPOSITION), 300, [
  "\n",
  "{",
  "}",
  '"',
  "\\",
  'le="',
  "# ",
  "# TYPE h gauge\n",
  "NaN",
  "1e999",
  "_bucket",
  "_total",
  "__proto__",
]);

/** Spellings in which a secret must not come through. */
const SPELLINGS: readonly ((secret: string) => string)[] = [
  String,
  encodeURIComponent,
  (secret) => JSON.stringify(secret).slice(1, -1),
  (secret) => JSON.stringify(JSON.stringify(secret)).slice(1, -1),
  (secret) => new TextEncoder().encode(secret).toBase64(),
  (secret) => new TextEncoder().encode(secret).toHex(),
  (secret) => new TextEncoder().encode(`user:${secret}`).toBase64(),
  (secret) => Array.from(secret, (letter) => `&#${letter.codePointAt(0)};`).join(""),
];
const secret = fc.string({
  unit: fc.constantFrom(..."abcXYZ019-_.~+/=%&\"'<>\\ ;#@üß€😀"),
  minLength: 6,
  maxLength: 40,
}).filter((text) => text.trim() === text);
const speech = textLike(
  fc.constantFrom(
    'GET /?token=abcdef HTTP/1.1\r\nAuthorization: Bearer abc.def-123\r\nCookie: a="b"; c',
    '{"password":"a\\"b","url":"https:\\/\\/user:pass@host\\/"}',
    "https://user:p%40ss@host/%2F%2Fa:b@c/ &#64; %25%32%35 \\u0025",
  ),
  300,
  ["%", "\\", "\\u", "&#", ";", "@", "://", '"', "Bearer ", "token=", "%2f%2f", "\u001b]0;", "::"],
);

// deno-lint-ignore no-control-regex -- these must not be there
const OBEYED = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]|\p{Cs}/u;

const body = textLike(
  fc.constantFrom(
    '{"a":[1,{"b":"c"}]}',
    "<html><body>Not <b>here</b></body></html>",
    "[".repeat(600),
  ),
);

export const textTargets: readonly AnyTarget[] = [
  fuzzTarget({
    kind: "exposition",
    name: "every line of an exposition is a sample, passed over or counted",
    input: exposition,
    holds: (text) => {
      const { samples, unread } = parseExposition(text);
      assert(samples.length + unread.count <= text.split("\n").length);
      assertEquals(unread.count > 0, unread.first !== undefined);
      for (const { name, value } of samples) {
        assert(/^[a-zA-Z_:][\w:]*$/.test(name) && typeof value === "number");
      }
    },
  }),
  fuzzTarget({
    kind: "exposition",
    name: "any two readings of a server's metrics can be compared",
    input: fc.tuple(exposition, exposition, fc.boolean()),
    holds: ([before, after, openMetrics]) => {
      const rows = compareReadings("https://m/", { text: before }, { text: after, openMetrics });
      assert(rows.counters.length <= 500 && rows.histograms.length <= 500);
      for (const { p50, p99 } of rows.histograms) {
        for (const quantile of [p50, p99]) {
          assert(quantile === null || !Number.isNaN(quantile.value));
        }
      }
      assert(rows.notes.every((note) => note.length < 600 && !OBEYED.test(note)), `${rows.notes}`);
    },
  }),
  fuzzTarget({
    kind: "masking",
    name: "no spelling of a secret is left of any text",
    input: fc.tuple(speech, secret, fc.constantFrom(...SPELLINGS), speech),
    holds: ([before, secret, spell, after]) => {
      const spelt = spell(secret);
      for (const origin of ["own", "foreign", "plan"] as const) {
        const masked = maskOf([secret])(`${before} ${spelt} ${after}`, origin);
        assert(!masked.includes(spelt) || before.includes(spelt) || after.includes(spelt), masked);
        assert(masked.length <= (before.length + spelt.length + after.length + 2) * 4);
      }
    },
  }),
  fuzzTarget({
    kind: "masking",
    name: "what is masked stays masked, and nothing else is changed by masking again",
    input: fc.tuple(speech, secret),
    holds: ([text, secret]) => {
      const hide = maskOf([secret]);
      const once = hide(text, "foreign");
      assertEquals(hide(once, "foreign"), once);
    },
  }),
  fuzzTarget({
    kind: "terminal",
    name: "nothing of another's text can be obeyed",
    input: speech,
    holds: (text) => {
      for (const shown of [printable(text), foreign(text), quoted(text)]) {
        assert(!OBEYED.test(shown) && !shown.includes("\n"), JSON.stringify(shown));
      }
      for (const shown of [harmless(text), foreignLines(text)]) assert(!OBEYED.test(shown));
      assert([...foreign(text, 20)].length <= 20);
      const guarded = lastGuard(text, { isTerminal: false, takesCommands: true });
      assert(!/^\s*::|##\w*\[/m.test(guarded), JSON.stringify(guarded));
    },
  }),
  fuzzTarget({
    kind: "answers",
    name: "any body and media type are judged in a sentence",
    input: fc.tuple(body, fc.string({ unit: anyCharacter })),
    holds: ([text, type]) => {
      const exchange = {
        ...exchangeOf(),
        status: 200,
        body: new TextEncoder().encode(text),
        header: (name: string) => name.toLowerCase() === "content-type" ? type : undefined,
      };
      assert(excerpt(exchange).length <= 320);
      assert(mediaType(exchange).length <= type.length * 3);
      const structure = jsonStructure(exchange);
      assert(typeof structure !== "string" || structure.length < 400);
      const failure = judge(exchange, { status: [200], contentType: "application/json" });
      assert(
        failure === undefined || failure.message.length <= 1200 && !OBEYED.test(failure.message),
      );
    },
  }),
  fuzzTarget({
    kind: "names",
    name: "addresses are read as they are written, and templates keep what is no placeholder",
    input: textLike(
      fc.constantFrom("192.0.2.1", "2001:db8::1", "::ffff:192.0.2.1", "a{id}b{index}{x}{{now}"),
      60,
    ),
    holds: (text) => {
      const octets = ipOctets(text);
      if (octets !== undefined) assertEquals(ipOctets(ipText(octets)), octets);
      const template = compileTemplate(text, { given: new Map([["run", "{run}"]]), names: [] });
      const filled = fill(template, { id: "{id}", index: 0, user: 0 } as never, new Map());
      if (!text.includes("{index}") && !text.includes("{user}") && !text.includes("{now}")) {
        assertEquals(filled, text);
      }
    },
  }),
];
