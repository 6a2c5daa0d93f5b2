/** CPU for tests of how work grows: what others do on this host is not in it. */
import process from "node:process";

/** Milliseconds of CPU that this thread spent on `work`, which must not wait for anything. */
export function cpuMsOf(work: () => void): number {
  const before = process.threadCpuUsage();
  work();
  const { user, system } = process.threadCpuUsage(before);
  return (user + system) / 1000;
}
