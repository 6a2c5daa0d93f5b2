/** An ACME client on the fake server, as parts of flows are given one. */
import { AcmeClient } from "../../src/acme/client.ts";
import { isFailure } from "../../src/http/failure.ts";
import { type Sender, unmeasured } from "../../src/http/step.ts";
import { assert } from "../assert.ts";
import { type FakeOptions, withFakeAcme } from "./fake_acme.ts";
import { contextFor, fetchClient, TestIteration } from "./harness.ts";

export interface Connected {
  readonly client: AcmeClient;
  /** What it sends is recorded. */
  readonly iteration: TestIteration;
  /** What it sends is not. */
  readonly sender: Sender;
  /** Of all requests, the directory's included. */
  readonly log: string[];
}

export async function withClient(
  use: (connected: Connected) => Promise<void>,
  fake: FakeOptions = {},
): Promise<void> {
  await withFakeAcme(fake, async ({ directory, log }) => {
    const http = fetchClient();
    const context = contextFor(http);
    const sender = unmeasured(context);
    const url = new URL(directory);
    const client = await AcmeClient.open(sender, { url, headers: {}, clock: context.clock });
    assert(!isFailure(client));
    await use({ client, iteration: new TestIteration(http), sender, log });
    http.close();
  });
}
