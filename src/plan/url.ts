/** URLs that people write, in plans and on the command line. Credentials belong into headers, where they are masked. */
import { z } from "zod";

export const NO_USER = {
  error: "must be a URL without user and password: let a header carry them",
};

/** An absolute URL of the scheme, `https` or either, without user and password. */
export function httpUrl(scheme: "http or https" | "https" = "http or https"): z.ZodURL {
  const either = scheme !== "https";
  return z.url({
    protocol: either ? /^https?$/ : /^https$/,
    error: either ? "must be an http:// or https:// URL" : "must be an https:// URL",
  }).refine(hasNoUser, NO_USER).refine(isWhole, {
    error: "must be a URL without fragment (#...) and control characters: they are never sent",
  }).meta({ pattern: urlPattern(either ? "[Ss]?" : "[Ss]") });
}

/** For editors: takes every such URL, and little else. */
function urlPattern(s: string, without = ""): string {
  return String.raw`^\s*[Hh][Tt][Tt][Pp]${s}:[\\/]*(?![^\\/?#]*@)[^#\s\\/?][^#${without}]*$`;
}

/** An address that paths are put behind; without a slash at its end. */
export function baseUrl(): z.ZodType<string, string> {
  return httpUrl().refine((url) => !url.includes("?"), { error: "must be a URL without query" })
    .meta({ pattern: urlPattern("[Ss]?", "?") })
    .overwrite((url) => url.replace(/\/+$/, ""));
}

/** A path on the target, with its query. */
export function urlPath(): z.ZodString {
  return z.string().startsWith("/", "must start with /").refine(isWhole, {
    error: "must be a path without fragment (#...) and control characters: they are never sent",
  }).meta({ pattern: "^/[^#]*$" });
}

function isWhole(text: string): boolean {
  return !/[#\p{Cc}]/u.test(text);
}

/** Also true of what is no URL, which is another problem. */
export function hasNoUser(text: string): boolean {
  const url = URL.parse(text);
  return url === null || (url.username === "" && url.password === "");
}
