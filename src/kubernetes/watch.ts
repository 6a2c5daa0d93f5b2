/**
 * A watch of a namespace's Secrets, as a controller has one that serves them: when did which version come? It goes on
 * from the version at which the connection ended, and from the beginning where the server has forgotten that one (410).
 *
 * https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes
 */
import type { Clock } from "../clock.ts";
import { type Failure, isFailure } from "../http/failure.ts";
import type { HttpRequest } from "../http/http.ts";
import type { Line, LinesOptions } from "../http/undici/lines.ts";
import { fieldAt } from "../http/json_body.ts";
import type { Sender } from "../http/step.ts";
import { foreign } from "../terminal.ts";
import { readStored, type Secrets } from "./secrets.ts";

/** An object has a MiB and a half at most, in etcd; as JSON a third more. */
const MAX_LINE_BYTES = 4 * 1024 * 1024;
/** A connection is asked for this long, then the next one goes on. */
const CONNECTION_SECONDS = 3600;
/** Versions that came and that nobody has asked for yet. */
const MOST_KEPT = 10_000;
/** A name has 253 characters at most, a version twenty or so. */
const LONGEST_KEY = 512;
const FIRST_PAUSE_US = 100_000;
const LONGEST_PAUSE_US = 5_000_000;

type Lines = (
  request: HttpRequest,
  options: Pick<LinesOptions, "maxLineBytes" | "signal">,
  opened: () => void,
) => AsyncGenerator<Line, Failure | undefined>;

export interface WatchOptions {
  readonly secrets: Secrets;
  /** Of labels: `app.kubernetes.io/managed-by=certload`. */
  readonly selector: string;
  /** For the list from which it begins. */
  readonly sender: Pick<Sender, "step" | "signal">;
  readonly clock: Clock;
  readonly lines: Lines;
}

/** What one line of a watch tells. */
export type WatchEvent =
  | { readonly kind: "version"; readonly name: string; readonly resourceVersion: string }
  /** Nothing but how far the server is. */
  | { readonly kind: "bookmark"; readonly resourceVersion: string }
  /** The server has forgotten where the watch was. */
  | { readonly kind: "expired" }
  | { readonly kind: "error"; readonly failure: Failure };

export class SecretWatch {
  /** How often a connection ended and the next went on; the first is none. */
  reconnects = 0;
  /** How often the server had forgotten where it was: what happened in between came to nobody. */
  gaps = 0;
  readonly #options: WatchOptions;
  readonly #cameUs = new Map<string, number>();
  readonly #waiting = new Map<string, (atUs: number) => void>();
  readonly #over = new AbortController();
  #from: string | undefined;
  #failure: Failure | undefined;
  #running: Promise<void> | undefined;

  constructor(options: WatchOptions) {
    this.#options = options;
    options.sender.signal.addEventListener("abort", () => this.#over.abort(), { once: true });
  }

  /** Resolves once the first connection tells what happens, or with why there is none. */
  open(): Promise<Failure | undefined> {
    const { promise, resolve } = Promise.withResolvers<Failure | undefined>();
    this.#running = this.#run(() => resolve(undefined), resolve);
    return promise;
  }

  /**
   * When this version of the Secret came; it may have come already. undefined where it has not until `deadlineUs`. Each
   * version can be asked for once.
   */
  async cameUs(
    name: string,
    resourceVersion: string,
    deadlineUs: number,
  ): Promise<number | undefined> {
    const key = `${name} ${resourceVersion}`;
    const before = this.#cameUs.get(key);
    if (before !== undefined) {
      this.#cameUs.delete(key);
      return before;
    }
    const { promise, resolve } = Promise.withResolvers<number | undefined>();
    const given = new AbortController();
    const over = AbortSignal.any([given.signal, this.#over.signal]);
    this.#waiting.set(key, resolve);
    void this.#options.clock.sleepUntil(deadlineUs, over).then(() => resolve(undefined));
    const atUs = await promise;
    this.#waiting.delete(key);
    given.abort();
    return atUs;
  }

  /** Why the last connection ended, for what did not come. */
  get failure(): Failure | undefined {
    return this.#failure;
  }

  async close(): Promise<void> {
    this.#over.abort();
    await this.#running;
  }

  async #run(opened: () => void, failed: (failure: Failure) => void): Promise<void> {
    const { clock } = this.#options;
    let pauseUs = FIRST_PAUSE_US;
    let everOpened = false;
    while (!this.#over.signal.aborted) {
      const failure = await this.#connection(() => {
        pauseUs = FIRST_PAUSE_US;
        if (everOpened) this.reconnects++;
        everOpened = true;
        opened();
      });
      this.#failure = failure;
      if (!everOpened) return failed(failure ?? ENDED_AT_ONCE);
      await clock.sleepUntil(clock.nowUs() + pauseUs, this.#over.signal);
      pauseUs = Math.min(LONGEST_PAUSE_US, 2 * pauseUs);
    }
  }

  /** One connection to its end. */
  async #connection(opened: () => void): Promise<Failure | undefined> {
    const { secrets, selector, sender, lines } = this.#options;
    if (this.#from === undefined) {
      const version = await secrets.version(sender, "list", selector);
      if (isFailure(version)) return version;
      this.#from = version;
    }
    const request = secrets.watchRequest(this.#from, selector, CONNECTION_SECONDS);
    const options = { maxLineBytes: MAX_LINE_BYTES, signal: this.#over.signal };
    const stream = lines(request, options, opened);
    for (;;) {
      const { done, value } = await stream.next();
      if (done) {
        if (value?.class === "status_4xx" && value.message.includes("got 410")) this.#expired();
        return value;
      }
      const event = watchEvent(value.text);
      if (event.kind === "expired") this.#expired();
      if (event.kind === "version") this.#came(event.name, event.resourceVersion, value.atUs);
      if (event.kind === "version" || event.kind === "bookmark") this.#from = event.resourceVersion;
      else {
        await stream.return(undefined);
        return event.kind === "error" ? event.failure : undefined;
      }
    }
  }

  #expired(): void {
    this.gaps++;
    this.#from = undefined;
  }

  #came(name: string, resourceVersion: string, atUs: number): void {
    const key = `${name} ${resourceVersion}`;
    // Nobody waits for a name that no Secret can have, and thousands of such would fill the memory.
    if (key.length > LONGEST_KEY) return;
    const waiting = this.#waiting.get(key);
    if (waiting !== undefined) return waiting(atUs);
    this.#cameUs.set(key, atUs);
    if (this.#cameUs.size > MOST_KEPT) this.#cameUs.delete(this.#cameUs.keys().next().value!);
  }
}

const ENDED_AT_ONCE: Failure = { class: "closed", message: "the watch ended before it began" };
const GONE = 410;

/** Of one line; whatever a peer sends. */
export function watchEvent(line: string): WatchEvent {
  let event: unknown;
  try {
    event = JSON.parse(line);
  } catch {
    return error(`the watch sent what is no JSON: ${foreign(line, 100)}`);
  }
  const type = fieldAt(event, "type");
  const object = fieldAt(event, "object");
  switch (type) {
    case "ADDED":
    case "MODIFIED":
    case "DELETED": {
      const stored = readStored(object);
      return typeof stored === "string"
        ? error(`the watch told of what is ${stored}`)
        : { kind: "version", name: stored.name, resourceVersion: stored.resourceVersion };
    }
    case "BOOKMARK": {
      const resourceVersion = fieldAt(object, "metadata.resourceVersion");
      return typeof resourceVersion === "string"
        ? { kind: "bookmark", resourceVersion }
        : error("the watch sent a bookmark without a version");
    }
    case "ERROR": {
      if (fieldAt(object, "code") === GONE) return { kind: "expired" };
      return error(`the watch was ended: ${foreign(String(fieldAt(object, "message")), 200)}`);
    }
    default:
      return error(`the watch sent an event of the type ${foreign(String(type), 40)}`);
  }
}

function error(message: string): WatchEvent {
  return { kind: "error", failure: { class: "unexpected_body", message } };
}
