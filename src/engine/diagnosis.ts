/**
 * The likely cause of a failed probe, in words that an operator can act on. Causes are those that certctl and its
 * surroundings are known to have; the first that fits is named.
 */
import { excerpt, mediaType } from "../http/expectation.ts";
import type { Failure, FailureClass } from "../http/failure.ts";
import type { Exchange } from "../http/http.ts";
import type { ProbedStep, ProbeResult } from "./probe.ts";

type Advice = string | undefined;

/** Undefined where nothing better than the failure's own message is known. */
export function likelyCause(result: ProbeResult): Advice {
  const failed = result.steps.findLast(({ failure }) => failure !== undefined);
  if (result.failure === undefined) return undefined;
  return (failed && answerCause(result, failed)) ??
    transportCause(result, result.failure, failed?.exchange);
}

/**
 * What a failure in the middle of the load is known to come from, for those that a probe of one request does not meet.
 * The same words for the same cause, so that each is told once.
 */
export function causeUnderLoad(step: string, failure: Failure): Advice {
  if (failure.class === "rate_limited") return limiterCause(failure.message);
  if (step === "finalize" && failure.class === "status_5xx") return FINALIZE;
  return undefined;
}

const FINALIZE =
  "the server answers finalize with 5xx: certctl does so for every order, as it inserts certificates without owner, " +
  "team and renewal policy; measure up to there with `stop_before: finalize`, or mend its database " +
  "(docs/real-certctl.md)";

/** certctl's middleware and its ACME server refuse in different words. */
function limiterCause(answer: string): string {
  if (answer.includes("acme:error:rateLimited")) {
    return "429 rateLimited: certctl's ACME limits by account refuse a part of the load; set " +
      "CERTCTL_ACME_SERVER_RATE_LIMIT_ORDERS_PER_HOUR, _CONCURRENT_ORDERS, _KEY_CHANGE_PER_HOUR and " +
      "_CHALLENGE_RESPONDS_PER_HOUR to 0 for a load test";
  }
  if (/"error":\s*"Rate limit exceeded"/.test(answer)) {
    return "429 Rate limit exceeded: certctl's limiter by address refuses a part of the load, so what is measured is the " +
      "limiter (50/s for one address by default); start certctl with CERTCTL_RATE_LIMIT_ENABLED=false";
  }
  return "429: the server, or a proxy before it, limits requests and refuses a part of the load, so what is measured is " +
    "the limiter";
}

function transportCause(
  { scenario }: ProbeResult,
  failure: Failure,
  exchange: Exchange | undefined,
): Advice {
  if (failure.class === "wrong_certificate" && scenario.flow !== "tls_handshake") return undefined;
  const told = CAUSES_BY_WORDS.find(([words]) => words.test(failure.message));
  if (told !== undefined) return told[1];
  const lost = failure.class === "closed" || failure.class === "reset";
  if (lost && exchange?.status === 0 && exchange.request.url.protocol === "http:") {
    return "the port may speak TLS: if it does, write https:// in place of http://";
  }
  return TRANSPORT_CAUSES[failure.class];
}

/** Where the failure's own words tell more than its class. */
const CAUSES_BY_WORDS: readonly (readonly [RegExp, string])[] = [
  [
    /handshake_failure/,
    "compare the server's TLS versions, ciphers and groups with those that the README's limitations " +
    "name, and see whether the server asks for client certificates (ssl_verify_client, " +
    "SSLVerifyClient, verify required)",
  ],
  [
    /client certificate/,
    "certload gives no client certificate: test at a port that wants none, or make it optional there",
  ],
  [/neither TLS 1\.2/, "let the server speak TLS 1.2 or 1.3"],
  [/does not speak TLS/, "is the port right? A plain port is asked with http://"],
  [/is TLS, not HTTP/, "the port speaks TLS: write https:// in place of http://"],
  [
    /Content-Encoding|is not (gzip|x-gzip|deflate|br)\b/,
    "a plan or a proxy asks for a coding that certload cannot undo",
  ],
];

const TRANSPORT_CAUSES: Partial<Record<FailureClass, string>> = {
  dns:
    "the host name is not known here: check the URL's spelling, or /etc/hosts and the resolver of this host",
  connect_refused:
    "nothing listens at that address: is the server running, and is the port right? " +
    "`--stack embedded` starts a server to try with",
  connect_timeout:
    "nothing answers at that address: a firewall, a wrong address, or a host that is down",
  tls_verify:
    "the server's certificate is not trusted: name the certificate authority with `--ca FILE` " +
    "(`tls.ca_file` in the plan), or, on a test system only, do not check it with `--insecure`",
  tls: "the TLS handshake failed: does the port speak TLS, and TLS 1.2 or newer?",
  wrong_certificate:
    "the server serves another certificate than the plan expects: was it deployed?",
  protocol:
    "what answers breaks the rules of HTTP: is the port right, and which proxy is in between?",
  timeout:
    "the server accepted the connection and did not answer in time: look at its log and its database",
};

function answerCause({ scenario }: ProbeResult, { exchange }: ProbedStep): Advice {
  const { status } = exchange;
  const path = exchange.request.url.pathname;
  // A problem document (RFC 9457) gives its own reason, and certctl's middleware writes none.
  if (mediaType(exchange) === "application/problem+json" && (status === 401 || status === 403)) {
    return undefined;
  }
  if (status === 401 && scenario.flow === "http_request" && isGiven(scenario.with, "url")) {
    return "the target's token goes with `path` alone: write `path` in place of `url` where the target is meant, or give " +
      "the request `headers` of its own";
  }
  if (status === 401) {
    return "the token was refused: pass the server's API key with `--token` or CERTCTL_TOKEN";
  }
  if (status === 403) {
    return "the token is not allowed to do this: some certctl endpoints want an admin key, which a " +
      "scenario has with `token: ${CERTCTL_ADMIN_TOKEN}`";
  }
  if (status === 429 && mediaType(exchange) === "application/problem+json") {
    return limiterCause(excerpt(exchange));
  }
  if (status === 429) {
    return "the server limits requests per address, so a load test would measure its limiter: " +
      "start certctl with CERTCTL_RATE_LIMIT_ENABLED=false";
  }
  if (status === 404 && `${JSON.stringify(scenario.with)}`.includes("{index}")) {
    return "what comes before the clock has an {index} that no arrival of the run has, so it asks for what is not there: " +
      "give the scenario `probe: false` and `warmup: off`";
  }
  if (scenario.flow === "create_certificate" && status === 500) {
    return "certctl answers 500 when an owner, team, issuer or renewal policy of the request does not exist: start it " +
      "with CERTCTL_DEMO_SEED=true, or name existing ones under `with` in the plan";
  }
  return acmeCause(path, exchange);
}

function isGiven(options: unknown, key: string): boolean {
  return typeof options === "object" && options !== null && key in options;
}

function acmeCause(path: string, exchange: Exchange): Advice {
  if (!path.includes("/acme")) return undefined;
  // Other statuses with a page are a proxy's, and mean what they say.
  const isPage = mediaType(exchange) === "text/html" && [200, 404].includes(exchange.status);
  if (isPage) {
    return "the dashboard answers on /acme: certctl serves its web page there when its working directory has a `web` " +
      "folder; start it from a directory without one";
  }
  if (exchange.status === 500 && path.endsWith("/finalize")) return FINALIZE;
  if (exchange.status === 404 || exchange.status === 500) {
    const profile = /\/profile\/([^/]+)\//.exec(path)?.[1];
    if (profile !== undefined && path.endsWith("/directory")) {
      return `the ACME profile "${profile}" does not exist on the server: no seed of certctl creates one; POST ` +
        `/api/v1/profiles {"id":"${profile}","name":"${profile}","enabled":true}`;
    }
  }
  return undefined;
}
