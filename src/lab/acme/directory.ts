/** The directory (RFC 8555 section 7.1.1) and new nonces (section 7.2). */
import { json, type LabResponse } from "../http/message.ts";
import type { Call } from "./call.ts";

export function directory({ base, settings, nonces }: Call): LabResponse {
  const meta = metaOf(settings);
  const document = {
    newNonce: `${base}/new-nonce`,
    newAccount: `${base}/new-account`,
    newOrder: `${base}/new-order`,
    revokeCert: `${base}/revoke-cert`,
    keyChange: `${base}/key-change`,
    ...(settings.ariEnabled && { renewalInfo: `${base}/renewal-info` }),
    ...(Object.keys(meta).length > 0 && { meta }),
  };
  return json(200, document, {
    "Cache-Control": "public, max-age=0, no-cache",
    "Replay-Nonce": nonces.issue(),
  });
}

function metaOf(settings: Call["settings"]): Record<string, unknown> {
  const { termsOfService, website, caaIdentities, eabRequired } = settings;
  return {
    ...(termsOfService && { termsOfService }),
    ...(website && { website }),
    ...(caaIdentities.length > 0 && { caaIdentities }),
    ...(eabRequired && { externalAccountRequired: true }),
  };
}

export function newNonce(call: Call): LabResponse {
  const headers = {
    "Cache-Control": "no-store",
    "Replay-Nonce": call.nonces.issue(),
    ...indexLink(call),
  };
  return { status: call.request.method === "HEAD" ? 200 : 204, headers, body: "" };
}

/** The way back to the directory (section 7.1), which certctl does not show; beside a link that is there. */
export function indexLink({ base, settings }: Call, own?: string): Record<string, string> {
  if (settings.asShipped) return {};
  const index = `<${base}/directory>;rel="index"`;
  return { Link: own === undefined ? index : `${index}, ${own}` };
}
