/** Assertions for tests, typed: the npm build of the standard library is JavaScript only. */
// @ts-types="./std_assert.d.ts"
export * from "@std/assert";
