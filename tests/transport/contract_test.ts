import { createClient } from "../../src/transport/client.ts";
import { contract } from "./contract.ts";

contract({ name: "node road", create: (options) => createClient({ ...options, road: "node" }) });
contract({ name: "native road", create: (options) => createClient({ ...options, road: "auto" }) });
contract({
  name: "negotiated",
  create: (options) => createClient({ ...options, protocol: "auto" }),
});
