import { nodeRoad } from "../../src/transport/connect.ts";
import { Http1Client } from "../../src/transport/http1/client.ts";
import { contract } from "./contract.ts";
import { nativeRoad } from "../../src/transport/native.ts";

contract({
  name: "node road",
  create: (options) => new Http1Client(nodeRoad(options.tls), options),
});

contract({
  name: "native road",
  create: (options) => new Http1Client(nativeRoad(options.tls, nodeRoad(options.tls)), options),
});
