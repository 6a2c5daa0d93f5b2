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
