import { directoryUrl, missingFrom, parseDirectory } from "../../src/acme/directory.ts";
import { assertEquals, assertStringIncludes } from "../assert.ts";

const newNonce = "https://ca.test/new-nonce";

function parse(directory: unknown): ReturnType<typeof parseDirectory> {
  const text = typeof directory === "string" ? directory : JSON.stringify(directory);
  return parseDirectory(new TextEncoder().encode(text));
}

const BARE = {
  newNonce,
  newAccount: undefined,
  newOrder: undefined,
  revokeCert: undefined,
  keyChange: undefined,
  renewalInfo: undefined,
  termsOfService: undefined,
  externalAccountRequired: false,
  profiles: undefined,
};

Deno.test("a directory is its resources, and what its meta says of terms, binding and profiles", () => {
  const urls = Object.fromEntries(
    ["newAccount", "newOrder", "revokeCert", "keyChange", "renewalInfo"]
      .map((field) => [field, `http://ca.test/${field}`]),
  );
  const meta = {
    termsOfService: "https://ca.test/terms",
    externalAccountRequired: true,
    profiles: { classic: "as ever", short: "a week" },
  };
  assertEquals(parse({ newNonce, ...urls, meta }), {
    newNonce,
    ...urls,
    termsOfService: "https://ca.test/terms",
    externalAccountRequired: true,
    profiles: ["classic", "short"],
  });
});

Deno.test("a directory may have no more than newNonce, and a meta of other types says nothing", () => {
  assertEquals(parse({ newNonce }), BARE);
  const odd = { termsOfService: 7, externalAccountRequired: "true", profiles: "short" };
  for (const meta of [null, "meta", odd, { profiles: null }]) {
    assertEquals(parse({ newNonce, meta }), BARE);
  }
});

Deno.test("what is null or empty is not there; what is no absolute http(s) URL is told", () => {
  assertEquals(parse({ newNonce, newOrder: null, renewalInfo: "" }), BARE);
  for (const [field, value] of [["keyChange", "/key-change"], ["renewalInfo", 7]] as const) {
    assertEquals(
      parse({ newNonce, [field]: value }),
      `The directory's ${field} is no absolute http(s) URL: ${JSON.stringify(value)}`,
    );
  }
  for (const url of ["ftp://ca.test/", "https://[", "//ca.test/"]) {
    assertStringIncludes(parse({ newNonce: url }) as string, "newNonce is no absolute");
  }
  assertStringIncludes(parse({}) as string, "The directory has no newNonce");
  for (const text of ["", "[]", "null"]) {
    assertStringIncludes(parse(text) as string, "The directory is not a JSON object");
  }
});

Deno.test("what a server lacks is asked of all that RFC 8555 names, or of what a flow needs", () => {
  const directory = { newNonce, newOrder: "https://ca.test/o", externalAccountRequired: false };
  assertEquals(missingFrom(directory), ["newAccount", "revokeCert", "keyChange"]);
  assertEquals(missingFrom(directory, ["newOrder", "newAccount"]), ["newAccount"]);
  assertEquals(missingFrom(directory, []), []);
});

Deno.test("the option is a path under the target's, or a URL of its own", () => {
  const at = (directory: string, base: string): string => directoryUrl(directory, base).href;
  assertEquals(at("/acme/directory", "https://ca.test"), "https://ca.test/acme/directory");
  assertEquals(at("/directory", "https://ca.test/pki//"), "https://ca.test/pki/directory");
  assertEquals(at("http://other.test/d", "https://ca.test/pki"), "http://other.test/d");
});
