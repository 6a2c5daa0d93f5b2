import { acmeOptionsFromEnvironment, parseDuration } from "../../../src/lab/acme/environment.ts";
import { acmeSettings } from "../../../src/lab/acme/options.ts";
import { ACME_OPTIONS_SCHEMA } from "../../../src/lab/acme/options_schema.ts";
import { assertEquals } from "../../assert.ts";

const P = "CERTCTL_ACME_SERVER_";

Deno.test("certctl's variables are the lab's options", () => {
  assertEquals(
    acmeOptionsFromEnvironment({
      [`${P}RATE_LIMIT_ORDERS_PER_HOUR`]: "7",
      [`${P}RATE_LIMIT_CONCURRENT_ORDERS`]: "0",
      [`${P}GC_INTERVAL`]: "1m30s",
      [`${P}EAB_REQUIRED`]: "yes",
      [`${P}CAA_IDENTITIES`]: "a.test, b.test",
      [`${P}DEFAULT_PROFILE_ID`]: "prof-test",
    }),
    {
      ordersPerHour: 7,
      concurrentOrders: 0,
      gcIntervalMs: 90_000,
      eabRequired: true,
      caaIdentities: ["a.test", "b.test"],
      defaultProfile: "prof-test",
    },
  );
});

Deno.test("a value that is no number or duration leaves the default", () => {
  assertEquals(
    acmeOptionsFromEnvironment({
      [`${P}RATE_LIMIT_ORDERS_PER_HOUR`]: "many",
      [`${P}GC_INTERVAL`]: "soon",
      [`${P}NONCE_TTL`]: "",
      OTHER: "1",
    }),
    {},
  );
});

Deno.test("durations are Go's", () => {
  const cases = { "0": 0, "5m": 300_000, "1h2m3s": 3_723_000, "1.5h": 5_400_000, "250ms": 250 };
  for (const [text, ms] of Object.entries(cases)) assertEquals(parseDuration(text), ms);
  for (const text of ["", "5", "m", "5x", "-5m", "5m "]) {
    assertEquals(parseDuration(text), undefined);
  }
});

Deno.test("the schema takes every setting with its default, and no other", () => {
  assertEquals(ACME_OPTIONS_SCHEMA.parse(acmeSettings()), acmeSettings());
  assertEquals(ACME_OPTIONS_SCHEMA.parse({}), {});
  for (const bad of [{ ordersPerHours: 1 }, { ordersPerHour: -1 }, { profiles: { p: "open" } }]) {
    assertEquals(ACME_OPTIONS_SCHEMA.safeParse(bad).success, false);
  }
});
