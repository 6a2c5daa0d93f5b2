/** What ACME flows measure beside their steps: they list these as their `measures`. */
import type { FlowMeasures } from "../measures.ts";

/** Of every signed request. */
export const SIGNED_MEASURES = {
  durations: { signing: "signing a request (JWS)" },
  counters: { bad_nonce_retries: "requests sent again with another nonce, as the server asked" },
} as const satisfies FlowMeasures;

/** Of an enrollment, from the order to the certificate. */
export const ENROLL_MEASURES = {
  durations: {
    ...SIGNED_MEASURES.durations,
    csr: "making a request for a certificate (PKCS #10)",
    poll_wait: "a pause between two polls",
    chain_check: "checking the chain that was issued",
  },
  counters: SIGNED_MEASURES.counters,
} as const satisfies FlowMeasures;
