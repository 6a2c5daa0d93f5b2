import fc from "fast-check";
import { secretsIn } from "../../src/masking/credentials.ts";
import { maskOf } from "../../src/masking/mask.ts";
import { assert, assertEquals } from "../assert.ts";

const mask = maskOf([]);

Deno.test("passwords of URLs are hidden in all texts, up to the last @ before the path", () => {
  const rows: readonly [string, string][] = [
    ["https://user:pw@host/x", "https://***@host/x"],
    ["https://user:p@w@host/x", "https://***@host/x"],
    ["see http://u@h and https://v@h", "see http://***@h and https://***@h"],
    ["https%3A%2F%2Fu%3Apw%40host%2Fx", "https%3A%2F%2F***%40host%2Fx"],
    ["https:\\/\\/u:pw@host\\/x", "https:\\/\\/***@host\\/x"],
    ["https://host:8443/a@b", "https://host:8443/a@b"],
    ["https://*****@host/x", "https://*****@host/x"],
    ["//host/path, user@example.com", "//host/path, user@example.com"],
  ];
  for (const [text, expected] of rows) assertEquals(mask(text), expected);
});

Deno.test("what follows Bearer and Basic is hidden, prose is not", () => {
  const rows: readonly [string, string][] = [
    ["authorization: Bearer abc.def-123 was refused", "authorization: Bearer *** was refused"],
    ["BEARER YWJjZGVmZ2hpamtsbW5vcHFyc3R1", "BEARER ***"],
    ["Basic dXNlcjpwdw==", "Basic ***"],
    ["the basic constraints; a bearer token", "the basic constraints; a bearer token"],
    ["Bearer abcdefghijklmnopqrst", "Bearer ***"],
    ["Bearer abcdefghijklmnopqrs", "Bearer abcdefghijklmnopqrs"],
  ];
  for (const [text, expected] of rows) assertEquals(mask(text), expected);
});

Deno.test("in others' words the values of secret names are hidden, whatever the notation", () => {
  const rows: readonly [string, string][] = [
    ["GET /x?api_key=k1&page=2", "GET /x?api_key=***&page=2"],
    ["GET /x?key=k1&code=c", "GET /x?key=***&code=***"],
    ["X-Api-Key: k1 and more", "X-Api-Key: *** and more"],
    ["Cookie: a=1; b=2", "Cookie: ***"],
    ["Authorization: Custom one two", "Authorization: ***"],
    ['{"password":"a \\" b","user":"u"}', '{"password":"***","user":"u"}'],
    ['"{\\"token\\":\\"abc\\",\\"x\\":1}"', '"{\\"token\\":\\"***\\",\\"x\\":1}"'],
    ["POSTGRES_PASSWORD=hunter2 started", "POSTGRES_PASSWORD=*** started"],
    ["access_token%3Dabc", "access_token%3D***"],
    ['cut short: {"secret":"abc', 'cut short: {"secret":"***'],
    ["key: value, code=5", "key: value, code=5"],
    ["GET /x?api_key=&page=2", "GET /x?api_key=&page=2"],
    ['{"password":"","user":"u"}', '{"password":"","user":"u"}'],
    ['{"password":"a\\"","user":"u"}', '{"password":"***","user":"u"}'],
    ["token = abc   ", "token = ***   "],
    ["expected 200, got 401: token was refused", "expected 200, got 401: token was refused"],
  ];
  for (const [text, expected] of rows) {
    assertEquals(mask(text, "foreign"), expected);
  }
});

Deno.test("in a line of a plan the whole value of a secret's name is hidden, up to what YAML says next", () => {
  const rows: readonly [string, string][] = [
    ["  token: ${TOKEN:-a, b # c} # the admin's", "  token: *** # the admin's"],
    ["{ token: two words, user: u }", "{ token: ***, user: u }"],
    ['{ token: "a, b", user: u }', '{ token: "***", user: u }'],
    ["api_key: <a b>", "api_key: ***"],
    ["user: u", "user: u"],
  ];
  for (const [text, expected] of rows) assertEquals(mask(text, "plan"), expected);
});

Deno.test("in our own words a name and a colon are no secret", () => {
  const text = "token_refresh: 3 dropped; --token T: its API key";
  assertEquals(mask(text), text);
});

Deno.test("secretsIn() gives what a text holds by its look", () => {
  assertEquals(secretsIn("https://u:pw@h/?token=t1"), ["u:pw", "t1"]);
  assertEquals(secretsIn('{"a": 1}'), []);
  // A name within a value is the value's.
  assertEquals(secretsIn("token=password=x, secret: y"), ["password=x", "y"]);
});

Deno.test("the value behind a secret's name is hidden whatever the value", () => {
  const name = fc.constantFrom("token", "x-api-key", "client_secret", "DB_PASSWORD", "hmac_key");
  const notation = fc.constantFrom(
    (name: string, value: string) => `{"${name}":${JSON.stringify(value)}}`,
    (name: string, value: string) => `?${name}=${encodeURIComponent(value)}&x=1`,
    (name: string, value: string) => `${name}='${value.replaceAll("'", "")}'`,
  );
  const value = fc.string({ minLength: 3, maxLength: 30 }).map((text) => `s3${text}`);
  fc.assert(fc.property(name, notation, value, (name, write, value) => {
    const text = write(name, value);
    const masked = mask(text, "foreign");
    assert(!masked.includes(encodeURIComponent(value)), masked);
    assert(!masked.includes(JSON.stringify(value)), masked);
    assert(masked.includes("***"), masked);
  }));
});
