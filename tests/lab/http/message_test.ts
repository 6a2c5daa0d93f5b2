import { STATUS_CODES } from "node:http";
import { reason } from "../../../src/lab/http/message.ts";
import { assertEquals } from "../../assert.ts";

Deno.test("a status has the reason that everybody gives it, but for 413 in Go's words", () => {
  let known = 0;
  for (let status = 100; status < 600; status++) {
    if (reason(status) === "Status") continue;
    known++;
    const expected = status === 413 ? "Request Entity Too Large" : STATUS_CODES[status];
    assertEquals(reason(status), expected, `${status}`);
  }
  const used = [200, 201, 202, 204, 400, 401, 403, 404, 405, 409, 413, 415, 429, 500, 503];
  assertEquals(used.filter((status) => reason(status) === "Status"), []);
  assertEquals([reason(299), known >= used.length], ["Status", true]);
});
