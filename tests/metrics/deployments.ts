import type { Deployment } from "../../src/deployment.ts";

/** The old certificate for 300 ms more, then the new one. */
export function deploymentAt(requestedUs: number, parts: Partial<Deployment> = {}): Deployment {
  const ms = (after: number): number => requestedUs + after * 1000;
  return {
    target: "127.0.0.1:9443 web-1.example.com",
    by: "certload",
    requestedUs,
    issuedUs: ms(80),
    reportedUs: ms(250),
    firstNewUs: ms(305),
    lastOldUs: ms(300),
    nextNewUs: ms(305),
    verdict: "served",
    spans: [
      { state: "old", fromUs: ms(-500), toUs: ms(300) },
      { state: "new", fromUs: ms(305), toUs: ms(2000) },
    ],
    ...parts,
  };
}
