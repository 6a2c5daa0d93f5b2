import { Ajv2020 } from "ajv";
import { assert, assertEquals } from "../../assert.ts";
import {
  type CapacityDocument,
  capacityDocument,
  capacityJsonSchema,
} from "../../../src/report/capacity/document.ts";
import { jsonText } from "../../../src/report/json.ts";
import { assertGolden } from "../golden.ts";
import { capacityReport, hostileReport, REPORTS } from "./reports.ts";

Deno.test("capacityDocument() is what its schema says, whatever the search ended with", () => {
  const fits = new Ajv2020({ strict: false }).compile(capacityJsonSchema());
  for (const [name, report] of [...REPORTS, ["hostile", hostileReport] as const]) {
    const document: CapacityDocument = JSON.parse(jsonText(capacityDocument(report())));
    assert(fits(document), `${name}: ${JSON.stringify(fits.errors)}`);
    assertEquals(document.answer.levels.length, report().answer.levels.length);
  }
});

Deno.test("capacityDocument() of a search, whole", () => {
  assertGolden("capacity_limiter.json.golden", `${jsonText(capacityDocument(REPORTS[1]![1]()))}\n`);
  assertEquals(capacityDocument(capacityReport()).required_per_s, null);
});
