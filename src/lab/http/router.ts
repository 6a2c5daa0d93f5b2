/** Method and path to handler, with Go's `ServeMux` answers for what has none. */
import { type LabRequest, type LabResponse, plainError } from "./message.ts";

export type Parameters = Readonly<Record<string, string>>;
type RouteHandler<Context> = (
  request: LabRequest,
  parameters: Parameters,
  context: Context,
) => LabResponse | Promise<LabResponse>;

interface Route<Context> {
  readonly method: string;
  readonly segments: readonly string[];
  readonly handler: RouteHandler<Context>;
}

/** Patterns are paths in which a segment `{name}` stands for any one segment that is not empty. */
export class Router<Context> {
  readonly #routes = new Map<number, Route<Context>[]>();

  add(method: string, pattern: string, handler: RouteHandler<Context>): this {
    const segments = pattern.split("/");
    const routes = this.#routes.get(segments.length) ?? [];
    routes.push({ method, segments, handler });
    this.#routes.set(segments.length, routes);
    return this;
  }

  /** A route for GET answers HEAD too. */
  handle(request: LabRequest, context: Context): LabResponse | Promise<LabResponse> {
    const segments = request.path.split("/");
    const allowed: string[] = [];
    for (const route of this.#routes.get(segments.length) ?? []) {
      const parameters = match(route.segments, segments);
      if (parameters === undefined) continue;
      if (route.method === request.method || route.method === "GET" && request.method === "HEAD") {
        return route.handler(request, parameters, context);
      }
      allowed.push(route.method);
    }
    return allowed.length > 0 ? methodNotAllowed(allowed) : plainError(404, "404 page not found");
  }

  /** Whether some method has a route for the path. */
  knows(path: string): boolean {
    const segments = path.split("/");
    const routes = this.#routes.get(segments.length) ?? [];
    return routes.some((route) => match(route.segments, segments) !== undefined);
  }
}

function match(pattern: readonly string[], segments: readonly string[]): Parameters | undefined {
  const parameters: Record<string, string> = {};
  for (let at = 0; at < pattern.length; at++) {
    const expected = pattern[at]!;
    const actual = segments[at]!;
    if (!expected.startsWith("{")) {
      if (expected !== actual) return undefined;
    } else if (actual === "") {
      return undefined;
    } else {
      parameters[expected.slice(1, -1)] = decode(actual);
    }
  }
  return parameters;
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

function methodNotAllowed(methods: readonly string[]): LabResponse {
  return plainError(405, "Method Not Allowed", { Allow: [...new Set(methods)].join(", ") });
}
