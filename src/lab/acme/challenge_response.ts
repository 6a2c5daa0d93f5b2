/** The response to a challenge (RFC 8555 section 7.5.1), and what its outcome means for authorization and order. */
import { json, type LabResponse } from "../http/message.ts";
import { ownAuthorization, setAuthorizationStatus } from "./authorizations.ts";
import type { AccountCall, AcmeContext } from "./call.ts";
import { type Challenge, challengeById, challengeDocument, pollHeaders } from "./challenges.ts";
import { notFound, type ProblemDocument } from "./problem.ts";

/**
 * POST challenge/{challenge}: the client is ready to be asked. The validation goes on after the answer. A challenge
 * that is not pending any more is shown as it is, so that a client may respond twice.
 */
export function challenge(call: AccountCall): LabResponse {
  const { store, parameters, payload, account, limits, nowMs, validations } = call;
  const found = challengeById(store, parameters["challenge"]!);
  if (found === undefined) throw notFound("challenge not found");
  const authorization = ownAuthorization(call, found.authorizationId);
  if (payload === undefined) return answer(call, found);
  limits.challengeRespond(found.id, nowMs());
  if (found.status !== "pending" || authorization.status !== "pending") return answer(call, found);
  store.run("UPDATE acme_challenges SET status = 'processing' WHERE id = ?", found.id);
  validations.start({
    type: found.type,
    name: authorization.name,
    token: found.token,
    keyAuthorization: `${found.token}.${account.thumbprint}`,
  }, (problem) => settle(call, found, authorization.orderId, problem));
  return answer(call, { ...found, status: "processing" });
}

/** The validation has ended; with a problem, authorization and order end too. */
function settle(
  { store, nowMs, metrics }: AcmeContext,
  { id, authorizationId }: Challenge,
  orderId: string,
  problem: ProblemDocument | undefined,
): void {
  metrics.add(`acme_challenge_validate_${problem ? "invalid" : "valid"}`);
  store.transaction(() => {
    if (problem === undefined) {
      store.run(
        "UPDATE acme_challenges SET status = 'valid', validated_ms = ? WHERE id = ?",
        nowMs(),
        id,
      );
      setAuthorizationStatus(store, authorizationId, "valid");
      store.run(READY_WHEN_ALL_VALID, orderId);
    } else {
      const text = JSON.stringify(problem);
      store.run("UPDATE acme_challenges SET status = 'invalid', error = ? WHERE id = ?", text, id);
      setAuthorizationStatus(store, authorizationId, "invalid");
      store.run(INVALID_UNLESS_VALID, text, orderId);
    }
  });
}

const READY_WHEN_ALL_VALID =
  `UPDATE acme_orders SET status = 'ready' WHERE id = ? AND status = 'pending'
   AND NOT EXISTS (SELECT 1 FROM acme_authorizations
     WHERE order_id = acme_orders.id AND status <> 'valid')`;
const INVALID_UNLESS_VALID =
  "UPDATE acme_orders SET status = 'invalid', error = ? WHERE id = ? AND status <> 'valid'";

function answer(call: AccountCall, challenge: Challenge): LabResponse {
  return json(200, challengeDocument(call, challenge), {
    Link: `<${call.base}/authz/${challenge.authorizationId}>;rel="up"`,
    ...pollHeaders(call, challenge.status),
  });
}
