/** The client for what a scenario wants. */
import { nodeRoad } from "./connect.ts";
import type { ClientOptions, HttpClient } from "./http.ts";
import { Http1Pool } from "./http1/pool.ts";
import { pinnedRoad } from "./pinned_road.ts";
import { PooledClient } from "./pooled_client.ts";

export function createClient(options: ClientOptions): HttpClient {
  const road = (options.road === "node" ? nodeRoad : pinnedRoad)(options.tls);
  return new PooledClient((origin) => new Http1Pool(origin, road, options));
}
