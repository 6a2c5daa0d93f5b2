/** RFC 7807 problem documents as RFC 8555 section 6.7 uses them. */
import type { LabResponse } from "../http/message.ts";

const NAMESPACE = "urn:ietf:params:acme:error:";

interface Identifier {
  readonly type: string;
  readonly value: string;
}

export interface ProblemDocument {
  readonly type: string;
  readonly detail: string;
  readonly status: number;
  readonly identifier?: Identifier;
  readonly subproblems?: readonly Omit<ProblemDocument, "status">[];
}

interface ProblemExtras {
  readonly headers?: Readonly<Record<string, string>>;
  /** Members beside `type`, `detail` and `status`. */
  readonly members?: Readonly<Record<string, unknown>>;
}

/** Thrown by whatever refuses a request; one place answers with it. */
export class Problem extends Error {
  override readonly name = "Problem";
  readonly document: ProblemDocument;
  readonly headers: Readonly<Record<string, string>>;

  /** `type` without the namespace, for example `badNonce`. */
  constructor(type: string, status: number, detail: string, extras: ProblemExtras = {}) {
    super(detail);
    this.document = { type: problemType(type), detail, status, ...extras.members };
    this.headers = extras.headers ?? {};
  }

  response(): LabResponse {
    return {
      status: this.document.status,
      headers: { "Content-Type": "application/problem+json", ...this.headers },
      body: `${JSON.stringify(this.document)}\n`,
    };
  }
}

export function problemType(name: string): string {
  return `${NAMESPACE}${name}`;
}

/** What is not there, whatever it was. */
export function notFound(detail = "resource not found"): Problem {
  return new Problem("malformed", 404, detail);
}

export function malformed(detail: string): Problem {
  return new Problem("malformed", 400, detail);
}

export function unauthorized(detail: string): Problem {
  return new Problem("unauthorized", 401, detail);
}
