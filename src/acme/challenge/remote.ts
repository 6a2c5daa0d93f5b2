/**
 * Proofs from one worker to the one that listens. Every message is acknowledged, because a server may look for a proof
 * as soon as it is told to.
 */
import type { Failure } from "../../http/failure.ts";
import { within } from "../../timer.ts";
import type { Proof, ProofTable } from "./proofs.ts";

type Message =
  | { readonly kind: "hello" | "bye"; readonly id: string }
  | { readonly kind: "put" | "remove"; readonly id: string; readonly proof: Proof }
  | { readonly kind: "ack"; readonly id: string };

const ANSWER_MS = 2_000;
const CONNECT_MS = 20_000;
const LEAVE_MS = 35_000;

/** Takes other workers' proofs into the table. The returned function waits until they have left, then stops. */
export function shareProofs(name: string, proofs: ProofTable): () => Promise<void> {
  const channel = new BroadcastChannel(name);
  const guests = new Set<string>();
  let left: () => void = () => {};
  channel.onmessage = ({ data }: MessageEvent<Message>) => {
    if (data.kind === "ack") return;
    if (data.kind === "hello") guests.add(data.id);
    if (data.kind === "put") proofs.put(data.proof);
    if (data.kind === "remove") proofs.remove(data.proof);
    channel.postMessage({ kind: "ack", id: data.id } satisfies Message);
    if (data.kind === "bye" && guests.delete(data.id) && guests.size === 0) left();
  };
  return async () => {
    if (guests.size > 0) await within(LEAVE_MS, new Promise<void>((resolve) => left = resolve));
    channel.close();
  };
}

/** The other end: a responder whose listener is in another worker. */
export class RemoteProofs {
  readonly #channel: BroadcastChannel;
  readonly #name: string;
  /** This worker, to the listening one. */
  readonly #guest = crypto.randomUUID();
  readonly #waiting = new Map<string, () => void>();

  /** Finds the listening worker, which may still be starting. */
  static async connect(name: string): Promise<RemoteProofs | Failure> {
    const remote = new RemoteProofs(name);
    for (const end = performance.now() + CONNECT_MS; performance.now() < end;) {
      if (await remote.#ask({ kind: "hello", id: remote.#guest }, 100)) return remote;
    }
    remote.#channel.close();
    return remote.#silent();
  }

  private constructor(name: string) {
    this.#name = name;
    this.#channel = new BroadcastChannel(name);
    this.#channel.onmessage = ({ data }: MessageEvent<Message>) => {
      if (data.kind === "ack") this.#waiting.get(data.id)?.();
    };
  }

  async put(proof: Proof): Promise<Failure | undefined> {
    const message = { kind: "put" as const, id: crypto.randomUUID(), proof };
    return await this.#ask(message, ANSWER_MS) ? undefined : this.#silent();
  }

  remove(proof: Proof): void {
    this.#send({ kind: "remove", id: "", proof });
  }

  async close(): Promise<void> {
    await this.#ask({ kind: "bye", id: this.#guest }, ANSWER_MS);
    this.#channel.close();
  }

  async #ask(message: Message, timeoutMs: number): Promise<boolean> {
    const answered = new Promise<true>((resolve) =>
      this.#waiting.set(message.id, () => resolve(true))
    );
    this.#send(message);
    const inTime = await within(timeoutMs, answered) ?? false;
    this.#waiting.delete(message.id);
    return inTime;
  }

  #send(message: Message): void {
    this.#channel.postMessage(message);
  }

  #silent(): Failure {
    return {
      class: "client",
      message: `The worker that answers challenges (${this.#name}) gives no sign; ` +
        `run with workers: 1 to have one worker do both`,
    };
  }
}
