/** Files of a daemon, and the command that makes it read them: nginx, Apache, HAProxy and whatever is like them. */
import { dirname, join } from "node:path";
import { runCommand } from "../command.ts";
import { equalBytes } from "../der.ts";
import type { Failure } from "../http/failure.ts";
import { SECRET_NAME } from "../masking/credentials.ts";
import { mask } from "../masking/mask.ts";
import { messageOf } from "../message_of.ts";
import { foreign } from "../terminal.ts";
import { type Bundle, combinedOf, fullChainOf } from "./bundle.ts";
import { type Installer, notInstalled, type Restore } from "./installer.ts";
import type { FilesOptions } from "./options.ts";

/** Keys are nobody else's; certificates are shown to everybody anyway. */
const KEY_MODE = 0o600;
const CERTIFICATE_MODE = 0o644;

/** What a command's last words may take of a message. */
const WORDS = 240;
/** More is no certificate's file, and is not read. */
const MOST_BYTES = 4 << 20;

interface FileContent {
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly mode: number;
}

export class FileInstaller implements Installer {
  readonly #options: FilesOptions;
  readonly #label: string;

  constructor(options: FilesOptions, label: string) {
    this.#options = options;
    this.#label = label;
  }

  async install(bundle: Bundle, signal: AbortSignal): Promise<Failure | undefined> {
    for (const content of contentsOf(this.#options, bundle)) {
      const why = await replaceFile(content);
      if (why !== undefined) return notInstalled(this.#label, why);
    }
    return await this.#reload(signal);
  }

  async former(): Promise<Restore | Failure | undefined> {
    const { cert, chain, fullchain, key, pem } = this.#options;
    const paths = [cert, chain, fullchain, key, pem].filter((path) => path !== undefined);
    const formers: FormerFile[] = [];
    for (const path of paths) {
      const former = await formerOf(path);
      if (typeof former === "string") return notInstalled(this.#label, former);
      formers.push(former);
    }
    let isBegun = false;
    return {
      what: `the certificate of ${this.#label} in ${paths.join(", ")}`,
      restore: async (signal) => {
        // Where nothing was deployed no daemon is made to reload; where an attempt failed, it is.
        if (!isBegun && await areAsBefore(formers)) return undefined;
        isBegun = true;
        return await this.#restore(formers, signal);
      },
    };
  }

  async #restore(
    formers: readonly FormerFile[],
    signal: AbortSignal,
  ): Promise<Failure | undefined> {
    for (const former of formers) {
      const why = await bringBack(former);
      if (why !== undefined) return notInstalled(this.#label, why);
    }
    return await this.#reload(signal);
  }

  async #reload(signal: AbortSignal): Promise<Failure | undefined> {
    const { reload, reload_timeout: timeoutMs } = this.#options;
    if (reload === undefined) return undefined;
    const deadline = AbortSignal.timeout(timeoutMs);
    const { code, tail } = await runCommand(reload, {
      signal: AbortSignal.any([deadline, signal]),
      environment: harmlessEnvironment(),
      clearEnvironment: true,
    });
    if (deadline.aborted) {
      return notInstalled(
        this.#label,
        `${shown(reload)} had not ended after ${timeoutMs / 1000} s (reload_timeout)`,
      );
    }
    if (signal.aborted) {
      return { class: "interrupted", message: `Interrupted while ${shown(reload)} ran` };
    }
    if (code === 0) return undefined;
    const words = foreign(tail.slice(-3).join(" / "), WORDS) || "it said nothing";
    return notInstalled(this.#label, `${shown(reload)} ended with ${code}: ${words}`);
  }
}

function contentsOf(
  { cert, chain, fullchain, key, pem }: FilesOptions,
  bundle: Bundle,
): readonly FileContent[] {
  const all: readonly (readonly [string | undefined, string, number])[] = [
    [cert, bundle.leafPem, CERTIFICATE_MODE],
    [chain, bundle.chainPem, CERTIFICATE_MODE],
    [fullchain, fullChainOf(bundle), CERTIFICATE_MODE],
    [key, bundle.keyPem, KEY_MODE],
    [pem, combinedOf(bundle), KEY_MODE],
  ];
  const encoder = new TextEncoder();
  return all.flatMap(([path, text, mode]) =>
    path === undefined ? [] : [{ path, bytes: encoder.encode(text), mode }]
  );
}

/** Whoever reads the file sees the old or the new one, never a part. A sentence where that did not work. */
async function replaceFile(
  { path, bytes, mode }: FileContent,
  owner?: Owner,
): Promise<string | undefined> {
  // A link stays one, as `live/` of certbot has them: what it leads to is replaced.
  const place = await Deno.realPath(path).catch(() => path);
  const beside = join(dirname(place), `.certload-${crypto.randomUUID()}`);
  try {
    await Deno.writeFile(beside, bytes, { mode, createNew: true });
    if (Deno.build.os !== "windows") {
      // The mode of a new file is cut by the umask.
      await Deno.chmod(beside, mode);
      await keepOwner(beside, owner ?? await ownerOf(place));
    }
    await Deno.rename(beside, place);
    return undefined;
  } catch (error) {
    await Deno.remove(beside).catch(() => {});
    return `${path} cannot be written: ${messageOf(error)}`;
  }
}

interface Owner {
  readonly uid: number | null;
  readonly gid: number | null;
}

async function ownerOf(path: string): Promise<Owner | undefined> {
  return await Deno.stat(path).catch(() => undefined);
}

/** A daemon that reads its key as somebody else goes on to; only who may give files away can do that. */
async function keepOwner(path: string, owner: Owner | undefined): Promise<void> {
  if (owner === undefined) return;
  await Deno.chown(path, owner.uid, owner.gid).catch(() => {});
}

export interface FormerFile {
  readonly path: string;
  /** undefined: there was none. */
  readonly file?: { readonly bytes: Uint8Array; readonly mode: number; readonly owner: Owner };
}

/** A sentence where it cannot be read, and so could not be brought back. */
export async function formerOf(path: string): Promise<FormerFile | string> {
  try {
    const { isFile, size, mode, uid, gid } = await Deno.stat(path);
    // A folder, a pipe that never ends, a device that would be gone once a file has its name.
    if (!isFile) return `${path} is no file`;
    if (size > MOST_BYTES) return `${path} has ${size} bytes: it is no certificate's file`;
    const bytes = await Deno.readFile(path);
    return { path, file: { bytes, mode: (mode ?? KEY_MODE) & 0o777, owner: { uid, gid } } };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return await nothingAt(path);
    return `${path} cannot be read, to bring it back after the run: ${messageOf(error)}`;
  }
}

/** A link that leads nowhere would be replaced, and could not be brought back. */
async function nothingAt(path: string): Promise<FormerFile | string> {
  const isLink = await Deno.lstat(path).then(() => true, () => false);
  return isLink ? `${path} is a link to what is not there` : { path };
}

async function areAsBefore(formers: readonly FormerFile[]): Promise<boolean> {
  for (const { path, file } of formers) {
    const now = await formerOf(path);
    if (typeof now === "string" || (now.file === undefined) !== (file === undefined)) return false;
    if (file !== undefined && !equalBytes(now.file!.bytes, file.bytes)) return false;
  }
  return true;
}

async function bringBack({ path, file }: FormerFile): Promise<string | undefined> {
  if (file !== undefined) {
    const { bytes, mode, owner } = file;
    return await replaceFile({ path, bytes, mode }, owner);
  }
  try {
    await Deno.remove(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) {
      return `${path}, which was not there before, cannot be removed: ${messageOf(error)}`;
    }
  }
}

/** What commands get of this process's environment: nothing that is a secret by its name, or has one in it. */
function harmlessEnvironment(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(Deno.env.toObject()).filter(([name, value]) =>
      !SECRET_NAME.test(name) && mask(value) === value
    ),
  );
}

/** A command as messages show it. */
export function shown(argv: readonly string[]): string {
  return `\`${foreign(argv.join(" "), WORDS)}\``;
}
