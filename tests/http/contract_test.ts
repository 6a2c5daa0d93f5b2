import { createClient } from "../../src/http/client.ts";
import { contract } from "./contract.ts";

contract({ name: "own", create: createClient });
contract({
  name: "negotiated",
  create: (options) => createClient({ ...options, protocol: "auto" }),
});
