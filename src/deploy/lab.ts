/** A target of `certload lab`, which takes certificates over its control endpoint. Nothing is brought back: it is a lab. */
import type { Failure } from "../http/failure.ts";
import { unmeasured } from "../http/step.ts";
import { type Bundle, fullChainOf } from "./bundle.ts";
import { type Installer, type InstallerContext, notInstalled, type Restore } from "./installer.ts";
import type { LabOptions } from "./options.ts";

export class LabInstaller implements Installer {
  readonly #url: URL;
  readonly #label: string;
  readonly #context: InstallerContext;

  constructor({ control, target }: LabOptions, label: string, context: InstallerContext) {
    this.#url = new URL(`${control}/lab/targets/${encodeURIComponent(target)}/certificate`);
    this.#label = label;
    this.#context = context;
  }

  async install(bundle: Bundle, signal: AbortSignal): Promise<Failure | undefined> {
    const { client, timeoutMs } = this.#context;
    const body = { certificate_pem: fullChainOf(bundle), key_pem: bundle.keyPem };
    const request = {
      method: "PUT",
      url: this.#url,
      headers: { "content-type": "application/json" },
      body: new TextEncoder().encode(JSON.stringify(body)),
    };
    const sender = unmeasured({ client, timeoutMs, signal });
    const { failure } = await sender.step("install", request, { status: [200] });
    if (failure === undefined || failure.class === "interrupted") return failure;
    return notInstalled(this.#label, failure.message);
  }

  former(): Promise<Restore | Failure | undefined> {
    return Promise.resolve(undefined);
  }
}
