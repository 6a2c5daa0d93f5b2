import { assertEquals, assertMatch } from "../assert.ts";
import { startLab } from "../../src/lab/lab.ts";
import { learnTrust } from "../../src/stack/trust.ts";

const WHOLE_CHAINS = Number(Deno.version.deno.split(".")[1]) >= 9;

Deno.test("what a server presents is enough to trust it and its siblings", {
  // Before Deno 2.9 node:tls shows no issuers.
  ignore: !WHOLE_CHAINS,
}, async () => {
  const lab = await startLab();
  try {
    const { api, targets } = lab.addresses;
    const { pem, unverified } = await learnTrust([api, new URL(targets.nginx).origin]);
    assertEquals(pem.match(/BEGIN CERTIFICATE/g)?.length, 3);
    assertMatch(pem, /-----BEGIN CERTIFICATE-----\n([\w+/=]{1,64}\n)+-----END CERTIFICATE-----\n$/);
    assertEquals(unverified, []);
  } finally {
    await lab.close();
  }
});

Deno.test("a server that is not there is named as unverified", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const url = `https://127.0.0.1:${listener.addr.port}`;
  listener.close();
  assertEquals(await learnTrust([url]), { pem: "", unverified: [url] });
});
