/** The names under which a flow that follows a server's jobs tells its figures: its `measures`, read by the reports. */
import type { FlowMeasures } from "./measures.ts";

export const JOB_MEASURES = {
  durations: {
    job_time: "a job made to its end",
  },
  counters: {
    jobs_completed: "jobs that ended well",
    jobs_failed: "jobs that failed",
    jobs_stuck: "jobs that had not ended by the deadline",
    job_polls: "requests that asked how the jobs stand",
  },
  gauges: {
    jobs_in_flight: "jobs that the server is at work on",
    jobs_limit: "how many it is configured to work on at once, where that is known",
  },
} as const satisfies FlowMeasures;
