/** What the figures were taken on: captured, not typed. */
import os from "node:os";
import process from "node:process";
import type { HostFacts } from "../metrics/run.ts";

export function hostFacts(): HostFacts {
  const cpus = os.cpus();
  return {
    cpuModel: cpus[0]?.model.trim() || "unknown",
    cpuCount: cpus.length,
    memoryBytes: os.totalmem(),
    os: Deno.build.os,
    kernel: os.release(),
    container: containerName(),
    runtime: { ...Deno.version, openssl: process.versions.openssl ?? "unknown" },
  };
}

/** CPU time since the host started, all cores together, in milliseconds. */
interface HostCpu {
  readonly busyMs: number;
  readonly totalMs: number;
}

/** Of one core, in milliseconds. */
type CpuTimes = ReturnType<typeof os.cpus>[number]["times"];

export function hostCpu(times: readonly CpuTimes[] = os.cpus().map((cpu) => cpu.times)): HostCpu {
  const totalMs = times.reduce(
    (sum, each) => sum + each.user + each.nice + each.sys + each.idle + each.irq,
    0,
  );
  return { busyMs: totalMs - times.reduce((sum, { idle }) => sum + idle, 0), totalMs };
}

/** Share of the host's CPU time that was in use between two readings; undefined where the system does not tell. */
export function busyShare(before: HostCpu, after: HostCpu): number | undefined {
  const totalMs = after.totalMs - before.totalMs;
  return totalMs > 0 ? (after.busyMs - before.busyMs) / totalMs : undefined;
}

function containerName(): string | undefined {
  if (exists("/run/.containerenv")) return "podman";
  if (exists("/.dockerenv")) return "docker";
  return Deno.env.get("KUBERNETES_SERVICE_HOST") === undefined ? undefined : "kubernetes";
}

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}
