import type { ClusterAccess } from "../../src/kubernetes/access.ts";
import { Token } from "../../src/kubernetes/token.ts";
import { mask } from "../../src/masking/mask.ts";
import { assertEquals } from "../assert.ts";
import { VirtualClock } from "../virtual_clock.ts";

const access: ClusterAccess = {
  server: "https://api.test",
  tls: { insecureSkipVerify: false },
  namespace: "edge",
  token: "first-token-of-the-pod",
  tokenFile: "/token",
};

/** A file that is written anew before each reading; counts the readings. */
function file(...texts: (string | undefined)[]): { read: (path: string) => string; reads: number } {
  const host = {
    reads: 0,
    read: (path: string): string => {
      assertEquals(path, "/token");
      const text = texts[host.reads++];
      if (text === undefined) throw new Error("no such file");
      return text;
    },
  };
  return host;
}

Deno.test("a token's file is read again once a minute, and not before", () => {
  const clock = new VirtualClock(5);
  const host = file("second-token-of-the-pod\n", "third-token-of-the-pod");
  const token = new Token(access, clock, host.read);
  const after = (us: number): [string | undefined, number] => {
    clock.jump(us);
    return [token.value, host.reads];
  };
  assertEquals(after(0), ["first-token-of-the-pod", 0]);
  assertEquals(after(59_999_999), ["first-token-of-the-pod", 0]);
  assertEquals(after(1), ["second-token-of-the-pod", 1]);
  assertEquals(after(59_999_999), ["second-token-of-the-pod", 1]);
  assertEquals(after(1), ["third-token-of-the-pod", 2]);
  // As whatever it may stand, and not as what it looks like.
  assertEquals(mask("it was third-token-of-the-pod, then"), "it was ***, then");
});

Deno.test("a file that cannot be read leaves the token that there is, and is tried again a minute later", () => {
  const clock = new VirtualClock();
  const host = file(undefined, "new-token-of-the-pod");
  const token = new Token(access, clock, host.read);
  clock.jump(60_000_000);
  assertEquals([token.value, token.value, host.reads], [access.token, access.token, 1]);
  clock.jump(60_000_000);
  assertEquals([token.value, host.reads], ["new-token-of-the-pod", 2]);
});

Deno.test("without a file the token stays, and without either there is none", () => {
  const clock = new VirtualClock();
  const { tokenFile: _, ...without } = access;
  const kept = new Token(without, clock, file().read);
  const { token: __, ...nothing } = without;
  const none = new Token(nothing, clock, file().read);
  clock.jump(120_000_000);
  assertEquals([kept.value, none.value], ["first-token-of-the-pod", undefined]);
});
