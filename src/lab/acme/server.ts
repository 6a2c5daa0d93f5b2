/** The ACME server of the lab: RFC 8555 and RFC 9773 over the lab's authority, under /acme. */
import type { LabRequest, LabResponse } from "../http/message.ts";
import { Router } from "../http/router.ts";
import type { AcmeContext, Call } from "./call.ts";
import { directory, newNonce } from "./directory.ts";
import { Problem } from "./problem.ts";
import { renewalInfo } from "./renewal.ts";

type Endpoint = (call: Call) => LabResponse | Promise<LabResponse>;

export class AcmeServer {
  readonly #context: AcmeContext;
  readonly #routes = new Router<undefined>();

  constructor(context: AcmeContext) {
    this.#context = context;
    this.#get("/directory", directory);
    this.#get("/new-nonce", newNonce);
    this.#get("/renewal-info/{certificate}", renewalInfo);
  }

  async handle(request: LabRequest): Promise<LabResponse> {
    try {
      return await this.#routes.handle(request, undefined);
    } catch (error) {
      if (error instanceof Problem) return error.response();
      throw error;
    }
  }

  #get(path: string, endpoint: Endpoint): void {
    this.#add("GET", path, endpoint);
  }

  /** Under the path of a profile, and under the short one. */
  #add(method: string, path: string, endpoint: Endpoint): void {
    for (const prefix of ["/acme/profile/{profile}", "/acme"]) {
      this.#routes.add(method, `${prefix}${path}`, (request, parameters) => {
        const { profiles, defaultProfile } = this.#context.settings;
        const profile = parameters["profile"] ?? defaultProfile;
        if (profile === "") {
          throw new Problem("userActionRequired", 403, "no default profile is configured");
        }
        if (!Object.hasOwn(profiles, profile)) {
          throw new Problem("userActionRequired", 404, "profile not found");
        }
        const base = `https://${request.header("host")}${
          prefix.replace("{profile}", encodeURIComponent(profile))
        }`;
        return endpoint({ ...this.#context, request, parameters, profile, base });
      });
    }
  }
}
