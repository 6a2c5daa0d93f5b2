/** Errors of the operating system, in words of those who can do something about them. */
import { messageOf } from "../message_of.ts";

const REASONS: ReadonlyMap<string, string> = new Map([
  ["EACCES", "permission denied"],
  ["EADDRINUSE", "another program listens at that address"],
  ["EADDRNOTAVAIL", "this host does not have that address"],
  ["EBUSY", "it is in use"],
  ["EDQUOT", "the quota of the disk is used up"],
  ["EEXIST", "there is a file where a folder is to be"],
  ["EFBIG", "the file would be too large for the disk"],
  ["EIO", "the disk does not work: input/output error"],
  ["EISDIR", "it is a folder"],
  ["ELOOP", "its symbolic links go round in a circle"],
  ["EMFILE", "too many files are open (ulimit -n)"],
  ["ENAMETOOLONG", "the name is too long"],
  ["ENOENT", "there is no such file or folder"],
  ["ENOMEM", "the host has no memory left"],
  ["ENOSPC", "no space is left on the disk"],
  ["ENOTDIR", "a part of the path is a file, not a folder"],
  ["EPERM", "permission denied"],
  ["EROFS", "the file system is read-only"],
]);

/** `ENOENT` and the like; undefined for an error that is not the operating system's. */
function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  return typeof error.code === "string" && /^E[A-Z0-9]+$/.test(error.code) ? error.code : undefined;
}

/** Whether the operating system refused something, rather than certload being wrong. */
export function isHostError(error: unknown): error is Error {
  return codeOf(error) !== undefined;
}

/** Why, without the system's number for it and without the call that failed. */
export function reasonOf(error: unknown): string {
  const message = messageOf(error);
  return REASONS.get(codeOf(error) ?? "") ?? message.replace(/ \(os error \d+\)(: .*)?$/s, "");
}

/** What an error that nobody expected was about, as `reasonOf` does not say it: a path, most often. */
export function subjectOf({ message }: Error): string {
  const subject = / \(os error \d+\): (.*)$/s.exec(message)?.[1] ?? message;
  return subject === "tmpdir" ? "the folder for temporary files (TMPDIR)" : subject;
}
