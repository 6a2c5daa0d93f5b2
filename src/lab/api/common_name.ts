/** What certctl takes as a common name: a host name, an IP address, or an e-mail address. Pure. */
import { isIP } from "node:net";

const MAX_LENGTH = 253;

/** The complaint in certctl's words, or `undefined`. */
export function commonNameProblem(name: string): string | undefined {
  if (name === "") return "common_name is required";
  if (name.length > MAX_LENGTH) return `common_name must be ${MAX_LENGTH} characters or fewer`;
  if (name.includes("@")) {
    return /^[^\s@<>]+@[^\s@<>]+$/.test(name)
      ? undefined
      : "invalid email format for S/MIME common name: mail: missing '@' or angle-addr";
  }
  if (isIP(name) !== 0) return undefined;
  const problem = hostnameProblem(name);
  return problem && `invalid hostname format: ${problem}`;
}

function hostnameProblem(name: string): string | undefined {
  const invalid = /[^A-Za-z0-9._*-]/u.exec(name);
  if (invalid !== null) return `hostname contains invalid character: ${invalid[0]}`;
  for (const label of name.split(".")) {
    if (label === "") return "hostname has empty label";
    if (label.startsWith("-") || label.endsWith("-")) {
      return "hostname labels cannot start or end with hyphen";
    }
  }
}
