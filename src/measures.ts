/** What a flow measures beside its steps, by name, each with its meaning: thresholds may name all but gauges. */
export interface FlowMeasures {
  /** `iteration.observe(name, durationUs)` */
  readonly durations?: Readonly<Record<string, string>>;
  /** `iteration.count(name)`: 0 where it was never counted. */
  readonly counters?: Readonly<Record<string, string>>;
  /** One counter among another, 0..1. */
  readonly shares?: Readonly<Record<string, ShareOfCounters>>;
  /** `iteration.gauge(name, value)` */
  readonly gauges?: Readonly<Record<string, string>>;
}

export interface ShareOfCounters {
  readonly of: string;
  readonly among: string;
  readonly meaning: string;
}
