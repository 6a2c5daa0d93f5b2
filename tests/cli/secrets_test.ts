import { secretsOfArguments, secretsOfEnvironment } from "../../src/cli/secrets.ts";
import { assertEquals } from "../assert.ts";

Deno.test("variables with a secret's name are secrets, switches, numbers and paths under such names are not", () => {
  const found = secretsOfEnvironment({
    CERTCTL_TOKEN: "t-123456",
    DB_PASSWORD: "p-123456",
    CERTLOAD_EAB_HMAC_KEY: "aG1hYw",
    CERTCTL_CONFIG_ENCRYPTION_KEY: "k-123456",
    TOKEN_TTL: "3600",
    TOKEN_FILE: "/run/secrets/token",
    USE_COOKIES: "true",
    PASSWORD_LENGTH: "12",
    HOME: "/home/someone",
    HTTPS_PROXY: "http://user:pw-in-url@proxy:3128",
  });
  assertEquals(found, ["t-123456", "p-123456", "aG1hYw", "k-123456", "user:pw-in-url"]);
});

Deno.test("secrets of a command line are found behind flags, in headers, in changes to the plan and in URLs", () => {
  const rows: readonly (readonly [args: readonly string[], secrets: readonly string[]])[] = [
    [["run", "plan", "--token", "t-1234"], ["t-1234"]],
    [["run", "plan", "--token=t-1234"], ["t-1234"]],
    [["conform", "URL", "--header", "authorization: Bearer a-1234"], ["Bearer a-1234", "a-1234"]],
    [["conform", "URL", "--header", "x-api-key: a b"], ["a b"]],
    [["run", "plan", "--set", "target.token=a,b c"], ["a,b c"]],
    [["run", "plan", "--target", "https://u:pw@h"], ["u:pw"]],
    [["conform", "https://h/?key=k-1234"], ["k-1234"]],
    [["run", "plan", "--out", "results", "--only", "token_refresh"], []],
  ];
  for (const [args, secrets] of rows) {
    const found = new Set(secretsOfArguments(args));
    for (const secret of secrets) assertEquals(found.has(secret), true, `${args}: ${[...found]}`);
    if (secrets.length === 0) assertEquals(found, new Set());
  }
});
