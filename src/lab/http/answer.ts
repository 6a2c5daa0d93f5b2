/** The wrong answers that are well-formed HTTP, and those of a limit that is reached. */
import type { Admission } from "../capacity.ts";
import { dashboard } from "../dashboard.ts";
import type { FaultRule, ServerName } from "../faults.ts";
import { type LabResponse, plainError } from "./message.ts";

const DEFAULT_HUGE_BYTES = 64 * 1024 * 1024;

/** `undefined` when the rule's answer is not one of HTTP but of the wire. */
export function wrongAnswer(rule: FaultRule, server: ServerName): LabResponse | undefined {
  switch (rule.answer) {
    case "status":
      return statusAnswer(rule.status ?? 500, server);
    case "limited":
      return limited();
    case "html":
      return dashboard();
    case "huge":
      return hugeAnswer(rule.hugeBytes ?? DEFAULT_HUGE_BYTES);
  }
}

/** `undefined` for who was let in. */
export function refusalOf(admission: Admission): LabResponse | undefined {
  if (!("refused" in admission)) return undefined;
  if (admission.refused === 429) return limited();
  return plainError(503, `{"error":"The queue is full"}`, { "Retry-After": "1" });
}

/** As certctl's limiter has it. */
export function limited(): LabResponse {
  return plainError(429, `{"error":"Rate limit exceeded"}`, { "Retry-After": "1" });
}

function statusAnswer(status: number, server: ServerName): LabResponse {
  const text = server === "api"
    ? `{"error":"Fault injected by the lab"}`
    : "Fault injected by the lab";
  return plainError(status, text);
}

/** A JSON document all the same: it is its size that is wrong. */
function hugeAnswer(bytes: number): LabResponse {
  if (huge?.length !== bytes) {
    huge = new Uint8Array(bytes).fill(0x20);
    huge.set(new TextEncoder().encode(`{"data":[]`));
    huge[bytes - 1] = "}".charCodeAt(0);
  }
  return { status: 200, headers: { "Content-Type": "application/json" }, body: huge };
}

/** Kept, because a rule has one size. */
let huge: Uint8Array | undefined;
