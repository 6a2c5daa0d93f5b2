import { UndiciClient } from "../../src/http/undici/client.ts";
import { contract } from "./contract.ts";

contract({
  name: "undici",
  create: (options) => new UndiciClient(options),
  exceptions: {
    "passes over interim answers": "undici takes a 100 that nobody asked for as an error",
    "http:// asked of a TLS port is told as that":
      "undici reads the answer itself, and says that it is not HTTP",
    "two lengths is a failure of class protocol":
      "undici takes the last length, and the answer as cut off",
  },
});
