/** Renewal information (RFC 9773). */
import type { Exchange } from "../http/http.ts";
import { parseObject } from "./body.ts";

/** URL of a certificate's renewal information (RFC 9773 section 4.1). */
export function renewalInfoUrl(renewalInfo: string, certificateId: string): string {
  return `${renewalInfo.replace(/\/+$/, "")}/${certificateId}`;
}

/** A suggested window has a start before its end (RFC 9773 section 4.2). */
export function windowComplaint({ body }: Exchange): string | undefined {
  const window = parseObject(body)?.suggestedWindow as Record<string, unknown> | undefined;
  const { start, end } = window ?? {};
  return Date.parse(String(start)) < Date.parse(String(end))
    ? undefined
    : `The renewal information has no suggestedWindow whose start is before its end: ` +
      JSON.stringify(window);
}
