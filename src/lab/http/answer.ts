/** The wrong answers that are well-formed HTTP. */
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
      return plainError(429, `{"error":"Rate limit exceeded"}`, { "Retry-After": "1" });
    case "html":
      return dashboard();
    case "huge":
      return hugeAnswer(rule.hugeBytes ?? DEFAULT_HUGE_BYTES);
  }
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
