/** Options that all ACME flows share. */
import { z } from "zod";

/** Where the server is, and what to send it with every request. */
export const endpointOptions = {
  directory: z.string().refine(isDirectory, {
    error: "must be an http(s) URL, or a path on the target that starts with /",
  }).describe("ACME directory: an http(s) URL, or a path on the target that starts with /"),
  headers: z.record(z.string(), z.string()).default({}).describe(
    "Headers sent with every ACME request, for example authorization",
  ),
};

function isDirectory(value: string): boolean {
  return value.startsWith("/") || (/^https?:\/\//i.test(value) && URL.canParse(value));
}
