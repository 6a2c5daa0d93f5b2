import { createClient } from "../../src/http/client.ts";
import { contract } from "./contract.ts";

contract({
  name: "undici",
  create: (options) => createClient({ ...options, client: "undici" }),
  exceptions: {
    "passes over interim answers": "undici takes a 100 that nobody asked for as an error",
    "two lengths is a failure of class protocol":
      "undici takes the last length, and the answer as cut off",
  },
});
