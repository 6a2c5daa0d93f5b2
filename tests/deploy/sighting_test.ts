import { Sighting, type WatchLimits } from "../../src/deploy/sighting.ts";
import { KeptTrain } from "../../src/deploy/kept.ts";
import { DeployTarget } from "../../src/deploy/target.ts";
import type { Handshake } from "../../src/deploy/timeline.ts";
import { assertEquals } from "../assert.ts";
import { settle, VirtualClock } from "../virtual_clock.ts";

const MS = 1_000;
const NEVER = new AbortController().signal;

const LIMITS: WatchLimits = {
  holdUs: 200 * MS,
  servedWithinUs: 300 * MS,
  overlapUs: 50 * MS,
  deadlineUs: 1_000 * MS,
  watchAfterUs: 400 * MS,
};

/** A target whose certificate is chosen at the end of each handshake: the longest that a choice can take. */
class Scene {
  readonly clock = new VirtualClock(1_000 * MS);
  served = "old";
  tookMs = 1;
  readonly target: DeployTarget;

  private constructor(kept: KeptTrain) {
    const shake = async (): Promise<Handshake> => {
      const sentUs = this.clock.nowUs();
      await this.clock.sleepUntil(sentUs + this.tookMs * MS);
      return { sentUs, doneUs: this.clock.nowUs(), fingerprint: this.served };
    };
    this.target = new DeployTarget({ label: "web-1", clock: this.clock, perS: 100, shake, kept });
  }

  static async open(): Promise<Scene> {
    const kept = await KeptTrain.open({
      url: "https://web-1.test/",
      address: { hostname: "127.0.0.1", port: 1 },
      clock: new VirtualClock(),
      perS: 1,
      connections: 0,
      timeoutMs: 1,
    });
    return new Scene(kept);
  }

  sighting(): Sighting {
    return new Sighting(this.target, LIMITS, this.clock, "certload");
  }

  /** One that has been requested, issued and is on its way, all at once. */
  async requested(wanted: string): Promise<Sighting> {
    const sighting = this.sighting();
    await this.clock.advance(15 * MS);
    sighting.requestedUs = this.clock.nowUs();
    sighting.issued(wanted, this.clock.nowUs());
    sighting.arrives();
    return sighting;
  }
}

/** What a promise came to while the clock moved. */
async function within<T>(scene: Scene, us: number, promise: Promise<T>): Promise<T | "pending"> {
  let result: T | "pending" = "pending";
  void promise.then((value) => result = value);
  await scene.clock.advance(us);
  await settle();
  return result;
}

Deno.test("a deployment settles once the new certificate is served in a row", async () => {
  const scene = await Scene.open();
  const sighting = await scene.requested("new");
  const settles = sighting.settles(NEVER);
  assertEquals(await within(scene, 50 * MS, settles), "pending");
  scene.served = "new";
  assertEquals(await within(scene, 60 * MS, settles), true);
  assertEquals(sighting.timeline().verdict, "served");
  sighting.end();
});

Deno.test("handshakes that were on their way before the look began are seen by it, however slow", async () => {
  const scene = await Scene.open();
  const earlier = scene.sighting();
  scene.tookMs = 150;
  await scene.clock.advance(100 * MS);
  const sighting = await scene.requested("new");
  scene.served = "new";
  const settles = sighting.settles(NEVER);
  assertEquals(await within(scene, 100 * MS, settles), true);
  assertEquals(sighting.timeline().verdict, "served");
  earlier.end();
  sighting.end();
});

Deno.test("what is not served by the deadline never was, and the message says what is", async () => {
  const scene = await Scene.open();
  const sighting = await scene.requested("new");
  assertEquals(await within(scene, 1_001 * MS, sighting.settles(NEVER)), false);
  const timeline = sighting.timeline();
  assertEquals(timeline.verdict, "never");
  const { class: kind, message } = sighting.failure(timeline)!;
  assertEquals(kind, "timeout");
  assertEquals(
    message,
    "web-1 did not serve the new certificate within 1.00 s (deadline); it serves the old one",
  );
  sighting.end();
});

Deno.test("the next certificate ends the look at this one, and is no third one to it", async () => {
  const scene = await Scene.open();
  const first = await scene.requested("new");
  scene.served = "new";
  assertEquals(await within(scene, 60 * MS, first.settles(NEVER)), true);
  const looked = first.lookOn(NEVER);
  const second = await scene.requested("newer");
  scene.served = "newer";
  assertEquals(await within(scene, 60 * MS, looked), undefined);
  assertEquals(first.timeline().verdict, "served");
  first.end();
  assertEquals(second.timeline().verdict, "served");
  second.end();
});

Deno.test("a deployment that comes too late is old to the next one, not a third certificate", async () => {
  const scene = await Scene.open();
  const first = await scene.requested("new");
  assertEquals(await within(scene, 1_001 * MS, first.settles(NEVER)), false);
  first.end();
  const second = await scene.requested("newer");
  scene.served = "new";
  await scene.clock.advance(50 * MS);
  scene.served = "newer";
  assertEquals(await within(scene, 60 * MS, second.settles(NEVER)), true);
  assertEquals(second.timeline().verdict, "served");
  second.end();
});

Deno.test("looking on finds the old certificate again, and ends by itself", async () => {
  const scene = await Scene.open();
  const sighting = await scene.requested("new");
  scene.served = "new";
  assertEquals(await within(scene, 60 * MS, sighting.settles(NEVER)), true);
  const looked = sighting.lookOn(NEVER);
  await scene.clock.advance(250 * MS);
  scene.served = "old";
  assertEquals(await within(scene, 200 * MS, looked), undefined);
  const timeline = sighting.timeline();
  assertEquals(timeline.verdict, "reverted");
  assertEquals(sighting.failure(timeline)!.class, "wrong_certificate");
  sighting.end();
});
