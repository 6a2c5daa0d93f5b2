import { locationOf } from "../../src/acme/location.ts";
import { assertEquals } from "../assert.ts";
import { exchangeOf } from "../exchange.ts";

function read(location: string | undefined): unknown {
  const request = { method: "POST", url: new URL("https://ca.test/acme/new-order"), headers: {} };
  return locationOf(exchangeOf({ request, headers: location === undefined ? {} : { location } }));
}

Deno.test("an absolute Location is a key id: it stays as the server wrote it", () => {
  for (const url of ["https://CA.test:443/Account/1", "http://ca.test", "HTTPS://ca.test/a?b#c"]) {
    assertEquals(read(url), url);
  }
});

Deno.test("a relative Location is resolved by the request's URL", () => {
  assertEquals(read("/order/1"), "https://ca.test/order/1");
  assertEquals(read("order/1"), "https://ca.test/acme/order/1");
  assertEquals(read("//other.test/1"), "https://other.test/1");
});

Deno.test("a Location twice is one where both are the same, and none is none", () => {
  assertEquals(read("/order/1, /order/1, /order/1"), "https://ca.test/order/1");
  assertEquals(read(undefined), undefined);
});

Deno.test("a Location that is of no use is told with what it is", () => {
  const said = (location: string) => read(location) as { class: string; message: string };
  const begin = "/acme/new-order was answered with the Location";
  assertEquals(said("/order/1, /order/2"), {
    class: "unexpected_body",
    message: `${begin} "/order/1, /order/2", which is more than one URL`,
  });
  for (const location of ["mailto:ca@ca.test", "https://["]) {
    assertEquals(said(location).message, `${begin} "${location}", which is no http(s) URL`);
  }
});
