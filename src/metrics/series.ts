/** The counts and histograms of one step, or of one scenario's iterations, in one worker. */
import type { Failure, FailureClass } from "../http/failure.ts";
import type { Exchange } from "../http/http.ts";
import { perDuration } from "../plan/durations.ts";
import { Histogram } from "./histogram.ts";
import type { FailureTally, SeriesRecording, Slice } from "./recording.ts";

/**
 * Failures that keep their time in `response_time`: whoever asked has waited that long, and the answer would have taken
 * longer still, so it is a lower bound of the worst answers there are. Without them a server would look faster the more
 * it stalls. All others have their time in `failed_time`: a refusal is often quick, and no answer as expected.
 */
const WAITED_IN_VAIN: ReadonlySet<FailureClass> = new Set(["timeout", "connect_timeout"]);

function isTimed(failure: Failure | undefined): boolean {
  return failure === undefined || WAITED_IN_VAIN.has(failure.class);
}

interface Tally {
  count: number;
  readonly sample: string;
  newest: string;
}

export class Series {
  /** Response times of the open slice alone; folded into `response_time` when it closes. */
  readonly #slice = new Histogram();
  #second = 0;
  #sliceCount = 0;
  #sliceFailed = 0;
  #sliceDropped = 0;
  #sliceMaxLagUs = 0;
  #sliceFailure: Failure | undefined;
  #closed: Slice[] = [];

  #count = 0;
  #failed = 0;
  #interrupted = 0;
  readonly #failures = new Map<FailureClass, Tally>();
  readonly #statuses = new Uint32Array(1000);
  #bytesReceived = 0;
  #bytesSent = 0;
  #newConnections = 0;
  #reusedConnections = 0;
  #http1 = 0;
  #http2 = 0;

  readonly #times = perDuration(() => new Histogram());

  /** Counts one that is finished, with its times. `second` is that of its end. */
  finish(
    second: number,
    responseUs: number,
    serviceUs: number,
    failure: Failure | undefined,
  ): void {
    if (failure?.class === "interrupted") {
      this.#interrupted++;
      return;
    }
    this.advance(second);
    this.#count++;
    this.#sliceCount++;
    if (failure) this.#fail(failure);
    if (isTimed(failure)) {
      this.#slice.record(responseUs);
      this.#times.service_time.record(serviceUs);
    } else {
      this.#times.failed_time.record(responseUs);
    }
  }

  /** The generator's own lateness. */
  lag(us: number): void {
    this.#times.lag.record(us);
    if (us > this.#sliceMaxLagUs) this.#sliceMaxLagUs = us;
  }

  /** What an exchange tells beside its times, answered or not; of an answer as expected also its first byte's time. */
  exchange(exchange: Exchange, failure: Failure | undefined): void {
    if (exchange.status > 0 && exchange.status < 1000) this.#statuses[exchange.status]!++;
    this.#bytesReceived += exchange.bytesReceived;
    this.#bytesSent += exchange.bytesSent;
    if (exchange.protocol === "http/1.1") this.#http1++;
    else if (exchange.protocol === "h2") this.#http2++;
    this.#times.blocked.record(exchange.blockedUs);
    if (exchange.ttfbUs !== undefined && isTimed(failure)) this.#times.ttfb.record(exchange.ttfbUs);
    if (exchange.reused) this.#reusedConnections++;
    else this.#connected(exchange);
  }

  dropped(second: number, count: number): void {
    this.advance(second);
    this.#sliceDropped += count;
  }

  /** Closes the open slice when `second` is a later one. */
  advance(second: number): void {
    if (second <= this.#second) return;
    this.#close();
    this.#second = second;
  }

  takeSlices(): Slice[] {
    const taken = this.#closed;
    this.#closed = [];
    return taken;
  }

  /** Closes the open slice and gives the whole; the slices remain to be taken. */
  recording(): SeriesRecording {
    this.#close();
    return {
      count: this.#count,
      failed: this.#failed,
      interrupted: this.#interrupted,
      failures: Array.from(
        this.#failures,
        ([name, tally]): FailureTally => ({ class: name, ...tally }),
      ),
      statuses: this.#statusRecord(),
      bytesReceived: this.#bytesReceived,
      bytesSent: this.#bytesSent,
      newConnections: this.#newConnections,
      reusedConnections: this.#reusedConnections,
      protocols: nonZero({ "http/1.1": this.#http1, h2: this.#http2 }),
      durations: this.#durations(),
    };
  }

  #connected(exchange: Exchange): void {
    if (exchange.dnsUs !== undefined) this.#times.dns.record(exchange.dnsUs);
    if (exchange.tlsUs !== undefined) this.#times.tls_handshake.record(exchange.tlsUs);
    if (exchange.connectUs === undefined) return;
    this.#times.connect.record(exchange.connectUs);
    this.#newConnections++;
  }

  #fail(failure: Failure): void {
    this.#failed++;
    this.#sliceFailed++;
    this.#sliceFailure = failure;
    const tally = this.#failures.get(failure.class);
    if (tally) {
      tally.count++;
      tally.newest = failure.message;
    } else {
      const { message } = failure;
      this.#failures.set(failure.class, { count: 1, sample: message, newest: message });
    }
  }

  #close(): void {
    if (this.#sliceCount > 0 || this.#sliceDropped > 0 || this.#sliceMaxLagUs > 0) {
      const responseTime = this.#slice.toData();
      this.#times.response_time.add(responseTime);
      this.#slice.clear();
      this.#closed.push({
        second: this.#second,
        count: this.#sliceCount,
        failed: this.#sliceFailed,
        dropped: this.#sliceDropped,
        maxLagUs: this.#sliceMaxLagUs,
        responseTime,
        newestFailure: this.#sliceFailure,
      });
    }
    this.#sliceFailure = undefined;
    this.#sliceCount =
      this.#sliceFailed =
      this.#sliceDropped =
      this.#sliceMaxLagUs =
        0;
  }

  #statusRecord(): Record<string, number> {
    const record: Record<string, number> = {};
    this.#statuses.forEach((count, status) => {
      if (count > 0) record[status] = count;
    });
    return record;
  }

  #durations(): SeriesRecording["durations"] {
    const { blocked, ...others } = this.#times;
    // Without a closed set of connections nothing ever waits for one, and a column of zeros would say nothing.
    const told = blocked.maxUs > 0 ? this.#times : others;
    return Object.fromEntries(
      Object.entries(told).filter(([, h]) => h.count > 0).map(([name, h]) => [name, h.toData()]),
    );
  }
}

function nonZero(counts: Record<string, number>): Record<string, number> {
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0));
}
