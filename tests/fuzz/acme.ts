/** Parsers of what ACME servers and validators send: DER, certificates, JWS, DNS, TLS handshakes, headers, JSON. */
import { Buffer } from "node:buffer";
import fc from "fast-check";
import * as der from "../../src/der.ts";
import { isFailure } from "../../src/http/failure.ts";
import { decodeBase64url } from "../../src/keys/base64url.ts";
import { certificateId } from "../../src/acme/certificate_id.ts";
import { ChainChecker } from "../../src/acme/chain.ts";
import { type ClientHello, readClientHello } from "../../src/tls13/client_hello.ts";
// @ts-types="../../src/acme/challenge/dns_packet.d.ts"
import dns from "dns-packet";
import { answerTo } from "../../src/acme/challenge/dns01.ts";
import { ProofTable } from "../../src/acme/challenge/proofs.ts";
import { serverFlight } from "../../src/tls13/server_flight.ts";
import { selfSigned } from "../../src/acme/challenge/challenge_certificate.ts";
import { makeCsr } from "../../src/keys/csr.ts";
import { parseDirectory } from "../../src/acme/directory.ts";
import { signJws } from "../../src/acme/jws.ts";
import { generateKey } from "../../src/keys/keys.ts";
import { hasLink } from "../../src/acme/link.ts";
import { locationOf } from "../../src/acme/location.ts";
import {
  nextForAuthorization,
  nextForOrder,
  readAuthorization,
  readChallenge,
  readOrder,
} from "../../src/acme/order.ts";
import { retryAfterMs } from "../../src/http/retry_after.ts";
import { parseProblem, problemText } from "../../src/acme/problem.ts";
import { signatureOver, subjectAltName, subjectAltNames } from "../../src/keys/x509.ts";
import { toPem } from "../../src/pem.ts";
import { readGeneralName } from "../../src/identifier.ts";
import { parseCertificateRequest } from "../../src/lab/acme/csr.ts";
import { parseJws, payloadOf, publicJwk, thumbprint } from "../../src/lab/acme/jws.ts";
import { Problem } from "../../src/lab/acme/problem.ts";
import { ClientHandshake } from "../../src/tls13/client_handshake.ts";
import { HandshakeError } from "../../src/tls13/octets.ts";
import { extensionsOf, serialOf } from "../../src/lab/acme/x509_reader.ts";
import { assert, assertEquals } from "../assert.ts";
import { exchangeOf } from "../exchange.ts";
import { createIssuer, issue } from "../acme/test_ca.ts";
import { mutatedOctets, octetsLike, textLike } from "./mutate.ts";
import { type AnyTarget, fuzzTarget } from "./target.ts";

const encoder = new TextEncoder();

// DER and what is made of it

const key = await generateKey("ES256");
const issuer = await createIssuer();
const names = ["a.test", "*.b.test", "192.0.2.1", "2001:db8::1"];
const leafPem = await issue(issuer, key.spki, names);
const chainPem = leafPem + issuer.certificate;
const certificates = fc.constantFrom(
  octetsOf(leafPem),
  octetsOf(issuer.certificate),
  await selfSigned(key, [subjectAltName(["a.test"])], Date.now()),
);
const requests = fc.constantFrom(
  await makeCsr(key, names),
  await makeCsr(await generateKey("EdDSA"), ["a.test"]),
);

function octetsOf(pem: string): Uint8Array {
  return Uint8Array.fromBase64(pem.replaceAll(/-----[^-]+-----|\s/g, ""));
}

/** Elements within elements. */
const derTree: fc.Arbitrary<Uint8Array> = fc.letrec<{ tree: Uint8Array }>((tie) => ({
  tree: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.tuple(fc.constantFrom(1, 2, 3, 4, 5, 6, 0x0c, 0x17, 0x82, 0x87), fc.uint8Array()).map(
      ([tag, contents]) => der.element(tag, contents),
    ),
    fc.tuple(fc.constantFrom(0x30, 0x31, 0xa0, 0xa3), fc.array(tie("tree"), { maxLength: 4 })).map(
      ([tag, parts]) => der.element(tag, ...parts),
    ),
  ),
})).tree;

/** What lies in the element lies in the octets, and its parts one after the other. */
function elementsWithin(octets: Uint8Array, depth = 0): void {
  const elements = der.readElements(octets);
  if (elements === undefined || depth > 20) return;
  let end = 0;
  for (const element of elements) {
    end += element.whole.length;
    assertEquals(element.end, end);
    assert(element.contents.length < element.whole.length);
    readGeneralName(element);
    elementsWithin(element.contents, depth + 1);
  }
  assertEquals(end, octets.length);
}

// TLS and DNS

const hello = (await ClientHandshake.create("a.test", "acme-tls/1")).hello;
const identity = {
  certificate: await selfSigned(key, [subjectAltName(["a.test"])], Date.now()),
  sign: (data: Uint8Array): Promise<Uint8Array> => signatureOver(key, data),
  protocol: "acme-tls/1",
};

const label = fc.string({
  unit: fc.constantFrom(..."abcXYZ019-_"),
  minLength: 1,
  maxLength: 63,
});

const query: fc.Arbitrary<Uint8Array> = fc.record({
  id: fc.nat(0xffff),
  flags: fc.constantFrom(0x0000, 0x0100, 0x8180),
  labels: fc.oneof(fc.array(label, { maxLength: 5 }), fc.array(label, { maxLength: 300 })),
  type: fc.constantFrom(1, 16, 28, 255),
}).map(({ id, flags, labels, type }) => {
  const two = (value: number): number[] => [value >> 8, value & 0xff];
  const name = labels.flatMap((label) => [label.length, ...encoder.encode(label)]);
  const header = [id, flags, 1, 0, 0, 0].flatMap(two);
  return Uint8Array.from([...header, ...name, 0, ...two(type), 0, 1]);
});

function helloWithin({ keyShares, ...lists }: ClientHello, octets: Uint8Array): void {
  const { cipherSuites, protocols, versions, signatureSchemes } = lists;
  for (const list of [cipherSuites, protocols, versions, signatureSchemes]) {
    assert(list.length <= octets.length);
  }
  for (const share of keyShares.values()) assert(share.length <= octets.length);
}

/** Records as they follow each other; the last may be cut off. */
function* recordsOf(flight: Uint8Array): Generator<[number, Uint8Array]> {
  for (let at = 0; at + 5 <= flight.length;) {
    const end = at + 5 + flight[at + 3]! * 256 + flight[at + 4]!;
    yield [flight[at]!, flight.subarray(at + 5, end)];
    at = end;
  }
}

async function onlyHandshakeErrors(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    assert(error instanceof HandshakeError, String(error));
  }
}

/** A message of the server's first flight, unprotected. */
const serverMessage = fc.tuple(fc.constantFrom(2, 8, 11, 15, 20), octetsLike(certificates, 200))
  .map(([type, body]) =>
    Uint8Array.from([
      type,
      body.length >> 16,
      (body.length >> 8) & 0xff,
      body.length & 0xff,
      ...body,
    ])
  );

// JSON and headers

const json = (value: unknown): string => JSON.stringify(value);
const problem = {
  type: "urn:ietf:params:acme:error:malformed",
  detail: "no",
  subproblems: [{ type: "x", identifier: { type: "dns", value: "a.test" } }],
};
const challenge = { type: "http-01", url: "https://ca.test/c", status: "pending", token: "t" };
const resources = fc.constantFrom(
  json({ status: "pending", authorizations: ["https://ca.test/a"], finalize: "https://ca.test/f" }),
  json({ status: "invalid", authorizations: null, finalize: "f", error: problem }),
  json({
    status: "pending",
    identifier: { type: "ip", value: "::1" },
    challenges: [challenge, { ...challenge, error: problem }],
  }),
  json(challenge),
  json(problem),
  json({
    newNonce: "https://ca.test/n",
    newAccount: "https://ca.test/a",
    meta: { profiles: { a: "b" }, externalAccountRequired: true },
  }),
);

/** With one member of another type than it should have, or absent. */
const changedResource = fc.tuple(
  resources,
  fc.constantFrom(
    "status",
    "authorizations",
    "finalize",
    "certificate",
    "error",
    "identifier",
    "challenges",
    "subproblems",
    "type",
    "meta",
  ),
  fc.oneof(fc.jsonValue({ maxDepth: 3 }), fc.constantFrom([null], [{}], { value: 1 }, undefined)),
).map(([text, member, value]) => json({ ...JSON.parse(text), [member]: value }));

const jwsText = fc.constantFrom(
  await signJws({ key }, "https://ca.test/new-account", "{}", "nonce"),
  await signJws({ key, kid: "https://ca.test/account/1" }, "https://ca.test/order/1", "", "nonce"),
);

/** Of one of the server's own errors, or none at all. */
async function onlyProblems(work: () => unknown): Promise<void> {
  try {
    await work();
  } catch (error) {
    assert(error instanceof Problem, String(error));
    assert(error.document.status >= 400 && error.document.status < 500);
  }
}

const retryAfter = fc.constantFrom(
  "0",
  "120",
  "5, 5",
  "Fri, 27 Nov 2026 10:00:00 GMT",
  "Friday, 27-Nov-26 10:00:00 GMT",
  "Fri Nov 27 10:00:00 2026",
);

const headerOf = (name: string, value: string): ReturnType<typeof exchangeOf> => ({
  ...exchangeOf(),
  header: (asked) => asked.toLowerCase() === name ? value : undefined,
});

export const acmeTargets: readonly AnyTarget[] = [
  fuzzTarget({
    kind: "der",
    name: "DER is read within its octets, or not at all",
    input: octetsLike(fc.oneof(derTree, certificates)),
    holds: (octets) => elementsWithin(octets),
  }),
  fuzzTarget({
    kind: "der",
    name: "certificates give their names and identifiers, or none",
    input: octetsLike(certificates),
    holds: (octets) => {
      certificateId(octets);
      serialOf(octets);
      extensionsOf(octets);
      assert(subjectAltNames(octets).length <= octets.length);
    },
  }),
  fuzzTarget({
    kind: "der",
    name: "a certificate request is read, or refused as badCSR",
    input: octetsLike(requests),
    holds: (octets) => onlyProblems(() => parseCertificateRequest(octets)),
  }),
  fuzzTarget({
    kind: "der",
    name: "a chain in PEM is the ordered one, or the failure says why not",
    input: fc.oneof(
      textLike(fc.constantFrom(chainPem, leafPem, issuer.certificate.repeat(3))),
      fc.tuple(mutatedOctets(certificates), mutatedOctets(certificates)).map(([leaf, ca]) =>
        toPem("CERTIFICATE", leaf) + toPem("CERTIFICATE", ca)
      ),
    ),
    holds: (pem) => {
      const expected = { spki: key.spki, names, nowMs: Date.now() };
      const checked = new ChainChecker().check(encoder.encode(pem), expected);
      if (isFailure(checked)) assert(checked.message.length < 2000, checked.message);
    },
  }),
  fuzzTarget({
    kind: "jws",
    name: "a JWS is taken apart, or refused with a problem",
    input: textLike(jwsText),
    holds: (text) =>
      onlyProblems(async () => {
        const jws = parseJws(encoder.encode(text));
        payloadOf(jws);
        if (jws.header["jwk"] !== undefined) await thumbprint(publicJwk(jws.header["jwk"]));
      }),
  }),
  fuzzTarget({
    kind: "jws",
    name: "base64url gives its octets, or nothing",
    input: textLike(jwsText),
    holds: (text) => {
      const octets = decodeBase64url(text);
      assert(octets === undefined || octets.length <= text.length);
    },
  }),
  fuzzTarget({
    kind: "dns",
    name: "a DNS query is answered within a message's size, or not at all",
    input: octetsLike(query),
    holds: (octets) => {
      const answer = answerTo(octets, new ProofTable(), "127.0.0.1");
      if (answer === undefined) return;
      assert(answer.length <= 12 + (255 + 4) + (255 + 14)); // RFC 1035 section 2.3.4
      assertEquals(dns.decode(Buffer.from(answer)).questions.length, 1);
      assertEquals(answerTo(answer, new ProofTable(), "127.0.0.1"), undefined); // it is no query
    },
  }),
  fuzzTarget({
    kind: "client_hello",
    name: "a ClientHello is read, incomplete or bad",
    input: octetsLike(fc.constant(hello)),
    holds: (octets) => {
      const read = readClientHello(octets);
      if (typeof read !== "string") helloWithin(read, octets);
    },
  }),
  fuzzTarget({
    kind: "client_hello",
    name: "a ClientHello is served, or cannot be",
    input: mutatedOctets(fc.constant(hello)),
    holds: async (octets) => {
      const read = readClientHello(octets);
      if (typeof read === "string") return;
      await onlyHandshakeErrors(async () => {
        assert((await serverFlight(read, identity)).length < 4096);
      });
    },
  }),
  fuzzTarget({
    kind: "client_hello",
    name: "key shares that are no keys cannot be served",
    input: fc.record({
      group: fc.constantFrom(0x001d, 0x0017),
      share: fc.oneof(
        fc.uint8Array({ maxLength: 70 }),
        fc.uint8Array({ minLength: 64, maxLength: 64 }).map((point) => Uint8Array.of(4, ...point)),
        fc.constantFrom(
          new Uint8Array(32),
          new Uint8Array(65),
          Uint8Array.of(1, ...Array(31).fill(0)),
        ),
      ),
    }),
    holds: async ({ group, share }) => {
      const read = readClientHello(hello) as ClientHello;
      await onlyHandshakeErrors(async () => {
        await serverFlight({ ...read, keyShares: new Map([[group, share]]) }, identity);
        assertEquals(share.length, 32);
      });
    },
  }),
  fuzzTarget({
    kind: "tls_handshake",
    name: "a server's flight shows a certificate, or the handshake's own error says why not",
    input: fc.array(
      fc.record({ at: fc.double({ min: 0, max: 1, noNaN: true }), xor: fc.nat(255) }),
      { maxLength: 2 },
    ),
    holds: (flips) =>
      onlyHandshakeErrors(async () => {
        const handshake = await ClientHandshake.create("a.test", "acme-tls/1");
        const flight = await serverFlight(
          readClientHello(handshake.hello) as ClientHello,
          identity,
        );
        for (const { at, xor } of flips) flight[Math.floor(at * (flight.length - 1))]! ^= xor;
        for (const [type, contents] of recordsOf(flight)) {
          const shown = await handshake.add(type, contents);
          if (shown === undefined) continue;
          assertEquals(shown.certificate, identity.certificate);
          return;
        }
      }),
  }),
  fuzzTarget({
    kind: "tls_handshake",
    name: "unprotected messages of a server end with the handshake's own error, or wait for more",
    input: fc.array(octetsLike(serverMessage), { maxLength: 4 }),
    holds: (messages) =>
      onlyHandshakeErrors(async () => {
        const handshake = await ClientHandshake.create("a.test", "acme-tls/1");
        for (const message of messages) await handshake.add(22, message);
      }),
  }),
  fuzzTarget({
    kind: "headers",
    name: "Retry-After is a time that can be waited for, or says nothing",
    input: fc.tuple(textLike(retryAfter, 60), fc.constantFrom(0, Date.UTC(2026, 10, 27))),
    holds: ([header, nowMs]) => {
      const ms = retryAfterMs(header, nowMs);
      assert(ms === undefined || (ms >= 0 && ms <= 2 ** 31 * 1000), `${ms}`);
    },
  }),
  fuzzTarget({
    kind: "headers",
    name: "a Link header has a relation, or has not",
    input: textLike(
      fc.constantFrom(
        '<https://ca.test/dir>;rel="index", <a>; rel=up',
        '<x>;title="\\"";rel=index',
      ),
    ),
    holds: (header) => {
      assertEquals(typeof hasLink(header, "index"), "boolean");
      assertEquals(hasLink(`<a>;rel=index, ${header}`, "index"), true);
    },
  }),
  fuzzTarget({
    kind: "headers",
    name: "a Location is an http(s) URL, or a failure",
    input: textLike(
      fc.constantFrom("https://ca.test/order/1", "/order/1", "/order/1, /order/1", "data:,"),
    ),
    holds: (header) => {
      const location = locationOf(headerOf("location", header));
      if (typeof location === "string") assert(/^https?:$/.test(new URL(location).protocol));
      else assert(isFailure(location));
    },
  }),
  fuzzTarget({
    kind: "acme_json",
    name: "resources in JSON are read, or refused with a short sentence",
    input: fc.oneof(textLike(resources), changedResource),
    holds: (text) => {
      const exchange = { ...exchangeOf(), body: encoder.encode(text) };
      const order = readOrder(exchange);
      const authorization = readAuthorization(exchange);
      const read = [order, authorization, readChallenge(exchange)];
      if (!isFailure(order)) read.push(nextForOrder(order) as never);
      if (!isFailure(authorization)) {
        read.push(nextForAuthorization(authorization, "http-01") as never);
      }
      for (const each of read) if (isFailure(each)) assert(each.message.length < 1000);
      const directory = parseDirectory(exchange.body);
      if (typeof directory === "string") assert(directory.length < 1000 + text.length);
      const problem = parseProblem(exchange.body);
      if (problem !== undefined) assert(problemText(problem).length <= 300);
    },
  }),
];
