/**
 * Plans that `check` refuses, each with one thing wrong. The JSON Schema refuses them too, unless there is a reason why
 * no JSON Schema can.
 */
export interface BadPlan {
  readonly name: string;
  readonly text: string;
  /** Why a JSON Schema takes it. */
  readonly beyondSchema?: string;
}

const TARGET = "target: { base_url: https://x }";

/** A plan whose only scenario lists certificates, with these keys in flow style and with more lines below. */
function list(keys: string, more = ""): string {
  return `${TARGET}\nscenarios:\n  list: { flow: list_certificates, ${keys} }\n${more}\n`;
}

function request(options: string): string {
  return `${TARGET}\nscenarios:\n  any: { flow: http_request, users: 1, duration: 1s, with: { ${options} } }\n`;
}

function withFlow(flow: string, options: string): string {
  return `${TARGET}\nscenarios:\n  any: { flow: ${flow}, users: 1, duration: 1s, with: { ${options} } }\n`;
}

const LOAD = "users: 1, duration: 1s";
const COMPARES_VALUES = "it cannot compare two values of an instance";
const COUNTS_UNITS = "it cannot do arithmetic with what a text says";
const IGNORES_CASE = "it cannot tell that two keys differ in case alone";
const KNOWS_STEPS = "a flow's steps come from its options";
const READS_TEXT = "a regular expression is no parser of certificates, keys and addresses";
const KNOWS_FILES = "it reads no files";

function bad(name: string, text: string, beyondSchema?: string): BadPlan {
  return { name, text, ...(beyondSchema === undefined ? {} : { beyondSchema }) };
}

export const BAD_PLANS: readonly BadPlan[] = [
  bad("no target", "scenarios: { a: { flow: list_certificates, users: 1, duration: 1s } }"),
  bad("no scenarios", TARGET),
  bad("an empty map of scenarios", `${TARGET}\nscenarios: {}`),
  bad("scenarios that are a list", `${TARGET}\nscenarios: []`),
  bad("a scenario that is nothing", `${TARGET}\nscenarios: { a: }`),
  bad("a scenario's name with a space", list(LOAD).replace("  list:", '  "a b":')),
  bad("an unknown key", list(LOAD, "nam: x")),
  bad("an unknown key of a scenario", list(`${LOAD}, duraton: 5s`)),
  bad("an unknown key of the target", list(LOAD).replace("https://x", "https://x, tok: y")),
  bad("an unknown flow", list(LOAD).replace("list_certificates", "list_certificate")),
  bad("an unknown option of a flow", list(`${LOAD}, with: { per_pag: 5 }`)),
  bad("an option of the wrong type", list(`${LOAD}, with: { per_page: many }`)),
  bad("an option out of bounds", list(`${LOAD}, with: { per_page: 501 }`)),
  bad("an option that is missing", withFlow("acme_unauthenticated", "")),
  bad("a choice that is none", withFlow("tls_handshake", "url: https://x, target_type: ngnix")),

  bad("no load", list("phase: api")),
  bad("a rate without a duration", list("rate: 1/s")),
  bad("users without a duration", list("users: 1")),
  bad("a rate and users", list(`rate: 1/s, ${LOAD}`)),
  bad("a rate and stages", list("rate: 1/s, duration: 1s, stages: [{ duration: 1s, rate: 1/s }]")),
  bad("stages and a duration", list("duration: 1s, stages: [{ duration: 1s, rate: 1/s }]")),
  bad("no stages", list("stages: []")),
  bad("a stage without a level", list("stages: [{ duration: 1s }]")),
  bad("a stage without a duration", list("stages: [{ rate: 1/s }]")),
  bad("a stage with both levels", list("stages: [{ duration: 1s, rate: 1/s, users: 1 }]")),
  bad(
    "stages of rates and of users",
    list("stages: [{ duration: 1s, rate: 1/s }, { duration: 1s, users: 1 }]"),
  ),
  bad("stages that send nothing", list("stages: [{ duration: 1s, rate: 0/s }]"), COMPARES_VALUES),
  bad("think_time with a rate", list("rate: 1/s, duration: 1s, think_time: 1s")),
  bad(
    "think_time with stages of rates",
    list("stages: [{ duration: 1s, rate: 1/s }], think_time: 1s"),
  ),
  bad("max_in_flight with users", list(`${LOAD}, max_in_flight: 5`)),
  bad("arrivals with users", list(`${LOAD}, arrivals: poisson`)),
  bad("phase_offset with users", list(`${LOAD}, phase_offset: 30%`)),
  bad(
    "phase_offset with Poisson arrivals",
    list("rate: 1/s, duration: 1s, arrivals: poisson, phase_offset: 30%"),
  ),
  bad("arrivals of another kind", list("rate: 1/s, duration: 1s, arrivals: gaussian")),
  bad(
    "a phase of a whole interarrival",
    list("rate: 1/s, duration: 9s, phase_offset: 100%"),
    COUNTS_UNITS,
  ),
  bad("a phase that is a duration", list("rate: 1/s, duration: 9s, phase_offset: 100ms")),
  bad("a seed below nothing", `seed: -1\n${list(LOAD)}`),
  bad("start_rate with a rate", list("rate: 1/s, duration: 1s, start_rate: 1/s")),
  bad("start_rate with users", list(`${LOAD}, start_rate: 1/s`)),
  bad("a rate of nothing", list("rate: 0/s, duration: 1s")),
  bad("a rate below nothing", list("rate: -1/s, duration: 1s")),
  bad("a rate without a unit", list("rate: 50, duration: 1s")),
  bad("a rate beyond all bounds", list("rate: 99999999/s, duration: 1s"), COUNTS_UNITS),
  bad("a duration of nothing", list("users: 1, duration: 0s")),
  bad("a duration without a unit", list("users: 1, duration: 30")),
  bad("a duration whose units go up", list("users: 1, duration: 1s1m"), COUNTS_UNITS),
  bad("a duration beyond all bounds", list("users: 1, duration: 99999999d"), COUNTS_UNITS),
  bad("half a user", list("users: 1.5, duration: 1s")),
  bad("no user", list("users: 0, duration: 1s")),
  bad("a hundred million users", list("users: 100000000, duration: 1s")),
  bad(
    "more arrivals than a run can count",
    list("rate: 1000000/s, duration: 20000d"),
    COUNTS_UNITS,
  ),
  bad("a timeout of nothing", list(`${LOAD}, timeout: 0s`)),
  bad("an unknown protocol", list(`${LOAD}, protocol: h3`)),
  bad("an unknown client", list(`${LOAD}, client: curl`)),
  bad("undici over HTTP/2", list(`${LOAD}, client: undici, protocol: h2`), COMPARES_VALUES),
  bad(
    "undici where HTTP/2 is the default",
    list(`${LOAD}, client: undici`, "defaults: { protocol: auto }"),
    COMPARES_VALUES,
  ),
  bad("an unknown phase", list(`${LOAD}, phase: apis`)),
  bad("no connections", list(`${LOAD}, max_connections: 0`)),
  bad("an unknown warm-up", list(LOAD, "warmup: of")),
  bad("a warm-up without requests", list(LOAD, "warmup: { duration: 1s }")),
  bad("an unknown stack", list(LOAD, "stack: docker")),
  bad("too many workers", list(LOAD, "workers: 65")),
  bad("a name that is empty", list(LOAD, 'name: ""')),
  bad("a name that is a number", list(LOAD, "name: 5")),

  bad("a threshold without a comparison", list(LOAD, "thresholds: [p95 lt 3s]")),
  bad("a threshold without a limit", list(LOAD, 'thresholds: ["p95 <"]')),
  bad("a threshold with an unknown unit", list(LOAD, "thresholds: [p95 < 2 parsecs]")),
  bad("a threshold with an unknown measure", list(LOAD, "thresholds: [eror_rate < 1%]")),
  bad("a threshold of a step for the whole run", list(LOAD, "thresholds: [list p95 < 1s]")),
  bad("a percentile above 100", list(`${LOAD}, thresholds: [p101 < 1s]`)),
  bad("an error rate above 1", list(`${LOAD}, thresholds: [error_rate < 5]`)),
  bad("an error rate above 100 %", list(`${LOAD}, thresholds: [error_rate < 101%]`)),
  bad("a rate's threshold without a unit", list(`${LOAD}, thresholds: [rate > 49]`)),
  bad("half a count", list(`${LOAD}, thresholds: [count > 1.5]`)),
  bad("a factor of nothing", list(`${LOAD}, thresholds: [p95 < baseline * 0]`)),
  bad("a threshold of an unknown step", list(`${LOAD}, thresholds: [lst p95 < 1s]`), KNOWS_STEPS),
  bad("thresholds that are text", list(`${LOAD}, thresholds: p95 < 1s`)),

  bad("an address without a scheme", list(LOAD).replace("https://x", "x:8443")),
  bad("an address of another scheme", list(LOAD).replace("https://x", "ftp://x")),
  bad("an address with a user", list(LOAD).replace("https://x", "https://u:p@x")),
  bad("an address with a user alone", list(LOAD).replace("https://x", "https://u@x")),
  bad("an address with a password alone", list(LOAD).replace("https://x", "https://:p@x")),
  bad("an address with a query", list(LOAD).replace("https://x", '"https://x?y"')),
  bad("an address with a fragment", list(LOAD).replace("https://x", '"https://x#y"')),
  bad("an address that is none", list(LOAD).replace("https://x", "'https://[x'"), READS_TEXT),
  bad("a token with a space", list(LOAD).replace("https://x", 'https://x, token: "a b"')),
  bad(
    "a CA file that is not there",
    list(LOAD).replace("https://x", "https://x, tls: { ca_file: no.pem }"),
    KNOWS_FILES,
  ),
  bad("metrics of no URL", list(LOAD, "server_metrics: { url: metrics }")),
  bad(
    "a header's name with a space",
    list(LOAD).replace("https://x", 'https://x, headers: { "a b": c }'),
  ),
  bad(
    "a header that is certload's",
    list(LOAD).replace("https://x", "https://x, headers: { hOSt: c }"),
  ),
  bad(
    "a header's value of two lines",
    list(LOAD).replace("https://x", 'https://x, headers: { a: "b\\r\\nc: d" }'),
  ),
  bad(
    "a header's value beyond Latin-1",
    list(LOAD).replace("https://x", 'https://x, headers: { a: "€" }'),
  ),
  bad(
    "a header's value that is a number",
    list(LOAD).replace("https://x", "https://x, headers: { a: 5 }"),
  ),
  bad(
    "a header in two spellings",
    list(LOAD).replace("https://x", "https://x, headers: { A: b, a: b }"),
    IGNORES_CASE,
  ),

  bad("neither path nor url", request("")),
  bad("a request without options", list(LOAD).replace("list_certificates", "http_request")),
  bad("path and url", request("path: /x, url: https://x/")),
  bad("a path that is relative", request("path: x")),
  bad("a path with a fragment", request('path: "/x#y"')),
  bad("a url with a user", request("url: https://u:p@x/")),
  bad("a url with a fragment", request('url: "https://x/#y"')),
  bad("a method in small letters", request("path: /x, method: get")),
  bad("an unknown method", request("path: /x, method: GTE")),
  bad("a body that is a number", request("path: /x, body: 5")),
  bad("a status beyond all statuses", request("path: /x, expect: { status: 9999 }")),
  bad(
    "a status beyond all statuses in a list",
    request("path: /x, expect: { status: [200, 9999] }"),
  ),
  bad("no status at all", request("path: /x, expect: { status: [] }")),
  bad("an interim status", request("path: /x, expect: { status: 100 }")),
  bad(
    "a content type with parameters",
    request('path: /x, expect: { content_type: "text/html; charset=utf-8" }'),
  ),
  bad("a content type that is none", request("path: /x, expect: { content_type: json }")),
  bad("expected fields that are a list", request("path: /x, expect: { json: [a] }")),
  bad("a handshake without TLS", withFlow("tls_handshake", "url: http://x")),
  bad(
    "a handshake with a status that is none",
    withFlow("tls_handshake", "url: https://x, status: [9999]"),
  ),
  bad(
    "a fingerprint that is none",
    withFlow("tls_handshake", "url: https://x, expect: { fingerprint: ab }"),
  ),
  bad(
    "an identifier that is no name",
    withFlow("acme_enroll", "directory: /d, identifiers: 'a b'"),
    READS_TEXT,
  ),
  bad(
    "a binding's key that is none",
    withFlow("acme_enroll", "directory: /d, eab: { kid: a, hmac_key: '!' }"),
    READS_TEXT,
  ),
];
