/** The names under which a flow that follows a server's jobs tells its figures: its `measures`, read by the reports. */
import type { FlowMeasures } from "./measures.ts";

export const JOB_MEASURES = {
  durations: {
    job_time: "a job made to its end",
    work_time: "a job begun to its end, as the server has it",
  },
  counters: {
    jobs_asked: "jobs that were asked for",
    jobs_completed: "jobs that ended well",
    jobs_failed: "jobs that failed",
    jobs_stuck: "jobs that had not ended by the deadline",
    job_polls: "requests that asked how the jobs stand",
    jobs_open_ms: "jobs waiting or running, by the server's count, times the time",
    jobs_running_ms: "jobs running, by the server's count, times the time",
    batches_ms: "batches made to the last sight of their jobs",
  },
  gauges: {
    jobs_in_flight: "jobs that the server is at work on",
    jobs_per_s: "jobs ended for each second since they were made",
    jobs_limit: "how many it is configured to work on at once, where that is known",
  },
} as const satisfies FlowMeasures;
