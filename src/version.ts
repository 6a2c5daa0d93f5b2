import config from "../deno.json" with { type: "json" };

/** certload's own version: `deno.json` is the one place that says it. */
export const VERSION: string = config.version;
