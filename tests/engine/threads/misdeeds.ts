import process from "node:process";

/** What may become of a thread. */
export const MISDEEDS: Readonly<Record<string, () => void>> = {
  loop: () => {
    for (;;);
  },
  throw: () => {
    throw new Error("thrown late");
  },
  reject: () => void Promise.reject(new Error("rejected late")),
  chatter: () => {
    const channel = new BroadcastChannel("chatter");
    setInterval(() => channel.postMessage("still here"), 5);
  },
  exit: () => process.exit(3),
  memory: () => {
    const kept: unknown[] = [];
    setInterval(() => {
      for (let i = 0; i < 100_000; i++) kept.push({ i, text: `text ${i}` });
    }, 1);
  },
};
