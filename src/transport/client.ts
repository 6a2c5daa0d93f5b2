/** The client for what a scenario wants. */
import { nodeRoad } from "./connect.ts";
import type { ClientOptions, HttpClient } from "./http.ts";
import { Http1Client } from "./http1/client.ts";
import { nativeRoad } from "./native.ts";

export function createClient(options: ClientOptions): HttpClient {
  const { tls, road } = options;
  const overNode = nodeRoad(tls);
  return new Http1Client(road === "node" ? overNode : nativeRoad(tls, overNode), options);
}
