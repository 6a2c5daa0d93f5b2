/** Challenges (RFC 8555 section 7.1.5): their rows, and how they are shown. */
import type { Store } from "../store.ts";
import type { Call } from "./call.ts";
import type { ChallengeType } from "./options.ts";
import type { ProblemDocument } from "./problem.ts";

export interface Challenge {
  readonly id: string;
  readonly authorizationId: string;
  readonly type: ChallengeType;
  readonly token: string;
  readonly status: "pending" | "processing" | "valid" | "invalid";
  readonly validatedMs?: number;
  readonly error?: ProblemDocument;
}

export function challengesOf(store: Store, authorizationId: string): Challenge[] {
  const sql = "SELECT * FROM acme_challenges WHERE authorization_id = ? ORDER BY rowid";
  return store.all<Row>(sql, authorizationId).map(fromRow);
}

export function challengeDocument({ base }: Call, challenge: Challenge): Record<string, unknown> {
  const { validatedMs, error } = challenge;
  return {
    type: challenge.type,
    url: `${base}/challenge/${challenge.id}`,
    token: challenge.token,
    status: challenge.status,
    ...(validatedMs !== undefined && { validated: new Date(validatedMs).toISOString() }),
    ...(error && { error }),
  };
}

export function challengeById(store: Store, id: string): Challenge | undefined {
  const row = store.get<Row>("SELECT * FROM acme_challenges WHERE id = ?", id);
  return row && fromRow(row);
}

/** For answers that a client will ask for again. */
export function pollHeaders({ settings }: Call, status: string): Record<string, string> {
  const isWaiting = status === "pending" || status === "processing";
  const seconds = settings.retryAfterSeconds;
  return isWaiting && seconds > 0 ? { "Retry-After": String(seconds) } : {};
}

interface Row {
  readonly id: string;
  readonly authorization_id: string;
  readonly type: ChallengeType;
  readonly token: string;
  readonly status: Challenge["status"];
  readonly validated_ms: number | null;
  readonly error: string | null;
}

function fromRow(row: Row): Challenge {
  return {
    id: row.id,
    authorizationId: row.authorization_id,
    type: row.type,
    token: row.token,
    status: row.status,
    ...(row.validated_ms !== null && { validatedMs: row.validated_ms }),
    ...(row.error !== null && { error: JSON.parse(row.error) }),
  };
}
