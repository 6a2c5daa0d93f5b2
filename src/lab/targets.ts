/** The TLS daemons that certctl deploys to, as the load fixtures set them up: their answers and headers. */
import { f5Handler } from "./f5.ts";
import { type Handler, plainError } from "./http/message.ts";
import type { TargetKind } from "./target_name.ts";

const APACHE_PAGE = "<html><body><h1>It works!</h1></body></html>\n";

/** A target of its own for each call. */
export function targetHandler(kind: TargetKind, nowMs: () => number): Handler {
  return kind === "f5" ? f5Handler(nowMs) : PAGES[kind];
}

const PAGES: Readonly<Record<Exclude<TargetKind, "f5">, Handler>> = {
  nginx: () => text("ok\n", { Server: "nginx/1.27", "Content-Type": "text/plain" }),
  apache: ({ path }) =>
    path === "/" || path === "/index.html"
      ? text(APACHE_PAGE, { Server: "Apache/2.4", "Content-Type": "text/html" })
      : plainError(404, "Not Found"),
  haproxy: () => text("ok\n", { "Content-Type": "text/plain" }),
};

/** Path of the page that a load run asks for. */
export const TARGET_PATHS: Readonly<Record<TargetKind, string>> = {
  nginx: "/",
  apache: "/",
  haproxy: "/",
  f5: "/healthz",
};

function text(
  body: string,
  headers: Readonly<Record<string, string>>,
): { status: number; headers: Readonly<Record<string, string>>; body: string } {
  return { status: 200, headers, body };
}
