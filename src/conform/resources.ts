/** Cases about the resources that need no signature (RFC 8555 sections 7.1 and 7.2). */
import { lacks, missingFrom } from "../acme/directory.ts";
import { hasLink } from "../acme/link.ts";
import { type ConformCase, must, should, verdictOf, wantStatus } from "./case.ts";

const NONCE = /^[A-Za-z0-9_-]+$/;

export const resourceCases: readonly ConformCase[] = [
  must(
    "directory",
    "8555 §7.1.1",
    "The directory names all required resources",
    (subject) => {
      const missing = missingFrom(subject.acme.directory);
      return Promise.resolve(verdictOf(missing.length > 0 ? lacks(...missing) : undefined));
    },
  ),
  must(
    "nonce-head",
    "8555 §7.2",
    "HEAD new-nonce is answered with a nonce in base64url",
    async (subject) => {
      const { newNonce } = subject.acme.directory;
      const nonce = (await subject.get(newNonce, "HEAD")).header("replay-nonce");
      return verdictOf(
        nonce === undefined || !NONCE.test(nonce)
          ? `Replay-Nonce is ${JSON.stringify(nonce)}`
          : undefined,
      );
    },
  ),
  should("nonce-head-200", "8555 §7.2", "HEAD new-nonce has status 200", async (subject) => {
    return verdictOf(wantStatus(await subject.get(subject.acme.directory.newNonce, "HEAD"), 200));
  }),
  must(
    "nonce-get-204",
    "8555 §7.2",
    "GET new-nonce has status 204, a nonce and no body",
    async (subject) => {
      const exchange = await subject.get(subject.acme.directory.newNonce);
      return verdictOf(
        wantStatus(exchange, 204),
        exchange.body.length > 0 ? `the body has ${exchange.body.length} octets` : undefined,
        exchange.header("replay-nonce") === undefined ? "there is no Replay-Nonce" : undefined,
      );
    },
  ),
  must("nonce-no-store", "8555 §7.2", "new-nonce must not be cached", async (subject) => {
    const exchange = await subject.get(subject.acme.directory.newNonce, "HEAD");
    const control = exchange.header("cache-control");
    return verdictOf(
      control?.includes("no-store") ? undefined : `Cache-Control is ${JSON.stringify(control)}`,
    );
  }),
  must("nonce-unique", "8555 §6.5.1", "Nonces are unique", async (subject) => {
    const nonces = new Set<string | undefined>();
    for (let count = 0; count < 10; count++) {
      const exchange = await subject.get(subject.acme.directory.newNonce, "HEAD");
      nonces.add(exchange.header("replay-nonce"));
    }
    return verdictOf(nonces.size === 10 ? undefined : `10 answers had ${nonces.size} nonces`);
  }),
  should("index-link", "8555 §7.1", "Resources link to the directory (index)", async (subject) => {
    const exchange = await subject.get(subject.acme.directory.newNonce, "HEAD");
    const link = exchange.header("link");
    return verdictOf(
      hasLink(link ?? "", "index") ? undefined : `Link is ${JSON.stringify(link)}`,
    );
  }),
];
