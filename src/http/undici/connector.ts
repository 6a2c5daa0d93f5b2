/** How undici gets its sockets: dialled by certload, so that phases, certificates and failures are its own. */
import type { Socket } from "node:net";
import type { buildConnector } from "undici";
import { nowUs } from "../../clock.ts";
import type { Stage } from "../classify.ts";
import { INTERRUPTED } from "../exchange.ts";
import type { Failure } from "../failure.ts";
import type { ServerCertificate } from "../http.ts";
import type { ConnectPhases, Dial, Dialer, Origin } from "../stream.ts";

/** What is known of a socket that undici was given. */
export interface Wire {
  readonly startedUs: number;
  /** Absent where the connection was opened before it was needed. */
  readonly phases?: ConnectPhases;
  readonly certificate?: ServerCertificate;
  /** A request has been written to it. */
  used: boolean;
}

/** What undici gives up by itself is not known here, so a connection gets no longer than any request would. */
const CONNECT_TIMEOUT_MS = 30_000;

export class Connector {
  readonly peer: string;
  readonly #origin: Origin;
  readonly #dialer: Dialer;
  readonly #wires = new WeakMap<Socket, Wire>();
  readonly #idle: Socket[] = [];
  readonly #dials = new Set<Dial>();

  constructor(origin: Origin, dialer: Dialer) {
    this.#origin = origin;
    this.#dialer = dialer;
    this.peer = `${origin.hostname}:${origin.port}`;
  }

  wireOf(socket: Socket): Wire | undefined {
    return this.#wires.get(socket);
  }

  get stage(): Stage | undefined {
    const [oldest] = this.#dials;
    return oldest?.stage;
  }

  /** undici's connector: an idle connection that was opened before, or a new one. */
  readonly connect = (_: unknown, callback: buildConnector.Callback): void => {
    const ready = this.#idle.shift();
    if (ready !== undefined) return callback(null, ready);
    const startedUs = nowUs();
    this.#dial(CONNECT_TIMEOUT_MS, (socket, phases, wire) => {
      this.#wires.set(socket, { ...wire, startedUs, phases, used: false });
      callback(null, socket);
    }, (failure) => callback(Object.assign(new Error(failure.message), { failure }), null));
  };

  async open(count: number, timeoutMs: number): Promise<number> {
    const missing = Math.max(0, count - this.#idle.length);
    await Promise.all(Array.from({ length: missing }, () => this.#openOne(timeoutMs)));
    return this.#idle.length;
  }

  close(): void {
    for (const dial of [...this.#dials]) dial.cancel(INTERRUPTED);
    for (const socket of this.#idle.splice(0)) socket.destroy();
  }

  #openOne(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      this.#dial(timeoutMs, (socket, _, wire) => {
        this.#wires.set(socket, { ...wire, startedUs: 0, used: true });
        socket.once("close", () => this.#forget(socket));
        socket.once("error", () => this.#forget(socket));
        this.#idle.push(socket);
        resolve();
      }, () => resolve());
    });
  }

  #forget(socket: Socket): void {
    const at = this.#idle.indexOf(socket);
    if (at >= 0) this.#idle.splice(at, 1);
  }

  #dial(
    timeoutMs: number,
    connected: (
      socket: Socket,
      phases: ConnectPhases,
      wire: Pick<Wire, "certificate">,
    ) => void,
    failed: (failure: Failure) => void,
  ): void {
    const dial = this.#dialer(this.#origin, { timeoutMs }, (result) => {
      this.#dials.delete(dial);
      if (!("stream" in result)) return failed(result);
      const { socket, certificate } = result;
      connected(socket, dial.phases, certificate === undefined ? {} : { certificate });
    });
    this.#dials.add(dial);
  }
}
