/** The client for what a scenario wants. */
import { nodeRoad } from "./connect.ts";
import type { ClientOptions, HttpClient } from "./http.ts";
import { Http1Client } from "./http1/client.ts";

export function createClient(options: ClientOptions): HttpClient {
  return new Http1Client(nodeRoad(options.tls), options);
}
