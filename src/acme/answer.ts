/**
 * Judging ACME answers. Status and media type are judged here rather than by the general rules, because an ACME server
 * says why it refuses, and because HTML in place of ACME has a well known reason.
 */
import type { Failure } from "../http/failure.ts";
import type { Exchange } from "../http/http.ts";
import { mediaType } from "../http/expectation.ts";
import type { Expectation } from "../http/expectation.ts";
import { statusFailure } from "./problem.ts";

/**
 * An expectation with ACME's own words: status in `statuses`, then the media type (undefined: anything but HTML), then
 * `check`, which complains with a sentence or a Failure.
 */
export function acmeExpectation(
  statuses: readonly number[],
  contentType: string | undefined,
  check: (exchange: Exchange) => string | Failure | undefined = () => undefined,
): Expectation {
  return {
    check: (exchange) => {
      const isPage = mediaType(exchange) === "text/html";
      if (isPage && DASHBOARD_STATUSES.includes(exchange.status)) return dashboard(exchange);
      if (!statuses.includes(exchange.status)) return statusFailure(exchange);
      if (isPage) return typeComplaint(exchange, contentType ?? "an ACME server's answer");
      const wrong = contentType !== undefined && mediaType(exchange) !== contentType;
      if (wrong) return typeComplaint(exchange, contentType);
      return check(exchange);
    },
  };
}

/** With these a web application answers paths that it does not know; other pages are a proxy's, and mean their status. */
const DASHBOARD_STATUSES: readonly number[] = [200, 404];

function dashboard(exchange: Exchange): Failure {
  return {
    class: exchange.status === 404 ? "status_4xx" : "unexpected_body",
    message: `${exchange.request.url.pathname} was answered with ${exchange.status} and an HTML ` +
      `page, so something other than an ACME server answers there: a certctl with its dashboard ` +
      `answers every /acme path with the dashboard; a proxy may do the same`,
  };
}

function typeComplaint(exchange: Exchange, expected: string): string {
  const seen = mediaType(exchange) || "no content type";
  return `${exchange.request.url.pathname} was answered with ${seen} instead of ${expected}`;
}

/** An answer that is not what the protocol says. */
export function unexpected(message: string): Failure {
  return { class: "unexpected_body", message };
}
