/** certload's own version: `deno.json` has the same, and a test holds them together. */
export const VERSION = "0.1.0";
