/** What the environment and the command line hold that must not be shown. */
import { SECRET_NAME, secretsIn } from "../masking/credentials.ts";
import { partsOf } from "../plan/secret.ts";

/** `CERTCTL_TOKEN_FILE` holds a path, `TOKEN_TTL` a number. */
const NO_SECRET_NAME = /_(?:file|path|dir|ttl|url|name|id)$/i;
const NO_SECRET = /^(?:\d{1,9}[a-z]*|true|false|yes|no|on|off|none|null|auto)$/i;

/** Values of variables with a secret's name. */
export function secretsOfEnvironment(env: Readonly<Record<string, string>>): string[] {
  return Object.entries(env).flatMap(([name, value]) => {
    const isSecret = SECRET_NAME.test(name) && !NO_SECRET_NAME.test(name) && !NO_SECRET.test(value);
    return isSecret ? partsOf(value) : secretsIn(value).flatMap(partsOf);
  });
}

/** `--token T` and `--token=T`, credentials in `--header`, `--set` and URLs. */
export function secretsOfArguments(args: readonly string[]): string[] {
  return args.flatMap((argument, at) => {
    const isValue = /^--[\w-]+$/.test(args[at - 1] ?? "") && SECRET_NAME.test(args[at - 1]!);
    return [...(isValue ? [argument] : []), ...behindName(argument), ...secretsIn(argument)]
      .flatMap(partsOf);
  });
}

/** All that follows: `target.token=a,b`, `x-api-key: a b`. */
function behindName(argument: string): string[] {
  const [, name = "", value = ""] = /^([\w.-]+)[=:]\s*(.+)$/s.exec(argument) ?? [];
  return SECRET_NAME.test(name) ? [value] : [];
}
