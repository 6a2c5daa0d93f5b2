/** A headless Chromium for tests, spoken to over its DevTools protocol. */

const PATHS = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/** The program, where it is installed. */
export function chromiumPath(): string | undefined {
  return PATHS.find((path) => {
    try {
      return Deno.statSync(path).isFile;
    } catch {
      return false;
    }
  });
}

type Json = Record<string, unknown>;

export interface PageOptions {
  readonly width: number;
  readonly height: number;
  readonly dark?: boolean;
  /** As on paper. */
  readonly print?: boolean;
}

export interface Page {
  /** Errors and warnings of the page's console, uncaught exceptions included. */
  readonly complaints: readonly string[];
  /** Addresses that the page asked for, its own excluded. */
  readonly requests: readonly string[];
  evaluate<T>(expression: string): Promise<T>;
  /** PNG of a part of the page, or of all of it. */
  screenshot(clip?: { x: number; y: number; width: number; height: number }): Promise<Uint8Array>;
  pdf(): Promise<Uint8Array>;
}

/** Opens a file in the browser's one tab. */
export type Open = (file: URL, options: PageOptions) => Promise<Page>;

/** Starts a Chromium, hands it to `use`, and ends it. */
export async function withBrowser<T>(use: (open: Open) => Promise<T>): Promise<T> {
  const path = chromiumPath();
  if (!path) throw new Error("no chromium");
  const profile = await Deno.makeTempDir({ prefix: "certload-chromium-" });
  const browser = new Deno.Command(path, {
    args: [
      "--headless=new",
      "--no-sandbox",
      "--disable-gpu",
      "--hide-scrollbars",
      "--disable-dev-shm-usage",
      "--remote-debugging-port=0",
      `--user-data-dir=${profile}`,
      "about:blank",
    ],
    stdout: "null",
    stderr: "piped",
  }).spawn();
  try {
    const port = await devToolsPort(browser.stderr);
    const devTools = await connect(port);
    try {
      return await use((file, options) => openPage(devTools, file, options));
    } finally {
      devTools.close();
    }
  } finally {
    browser.kill("SIGKILL");
    await browser.status;
    await Deno.remove(profile, { recursive: true }).catch(() => {});
  }
}

/** Chromium says on stderr where it listens. */
async function devToolsPort(stderr: ReadableStream<Uint8Array>): Promise<string> {
  let seen = "";
  const reader = stderr.pipeThrough(new TextDecoderStream() as never)
    .getReader() as ReadableStreamDefaultReader<string>;
  for (;;) {
    const { value, done } = await reader.read();
    if (done) throw new Error(`Chromium ended: ${seen.slice(0, 500)}`);
    seen += value;
    const port = /DevTools listening on ws:\/\/127\.0\.0\.1:(\d+)\//.exec(seen)?.[1];
    if (!port) continue;
    // Reads on to the end, so that the pipe never fills.
    void (async () => {
      while (!(await reader.read()).done);
    })();
    return port;
  }
}

interface DevTools {
  send(method: string, params?: Json): Promise<Json>;
  on(method: string, listener: (params: Json) => void): void;
  close(): void;
}

async function connect(port: string): Promise<DevTools> {
  const pages = await (await fetch(`http://127.0.0.1:${port}/json/list`)).json() as Json[];
  const address = pages.find((page) => page.type === "page")?.webSocketDebuggerUrl;
  const socket = new WebSocket(String(address));
  await new Promise((resolve, reject) => {
    socket.onopen = resolve;
    socket.onerror = reject;
  });
  const waiting = new Map<number, { resolve: (v: Json) => void; reject: (e: Error) => void }>();
  const listeners = new Map<string, (params: Json) => void>();
  let next = 1;
  socket.onmessage = ({ data }) => {
    const message = JSON.parse(data) as {
      id?: number;
      method?: string;
      params?: Json;
      result?: Json;
      error?: Json;
    };
    if (message.id === undefined) {
      return listeners.get(message.method ?? "")?.(message.params ?? {});
    }
    const { resolve, reject } = waiting.get(message.id)!;
    waiting.delete(message.id);
    if (message.error) reject(new Error(String(message.error.message)));
    else resolve(message.result ?? {});
  };
  return {
    send: (method, params = {}) =>
      new Promise((resolve, reject) => {
        waiting.set(next, { resolve, reject });
        socket.send(JSON.stringify({ id: next++, method, params }));
      }),
    on: (method, listener) => void listeners.set(method, listener),
    close: () => socket.close(),
  };
}

/** Resolves when this very navigation is loaded: the blank page before it may finish late. */
async function navigate(devTools: DevTools, file: URL): Promise<void> {
  const loaders = new Set<unknown>();
  let wanted: unknown;
  await new Promise<void>((resolve, reject) => {
    const settle = (): void => {
      if (wanted !== undefined && loaders.has(wanted)) resolve();
    };
    devTools.on("Page.lifecycleEvent", ({ name, loaderId }) => {
      if (name === "load") loaders.add(loaderId);
      settle();
    });
    devTools.send("Page.navigate", { url: file.href }).then(({ loaderId }) => {
      wanted = loaderId;
      settle();
    }, reject);
  });
}

async function openPage(devTools: DevTools, file: URL, options: PageOptions): Promise<Page> {
  const complaints: string[] = [];
  const requests: string[] = [];
  devTools.on("Log.entryAdded", ({ entry }) => complaints.push((entry as Json).text as string));
  devTools.on("Runtime.exceptionThrown", (params) => complaints.push(JSON.stringify(params)));
  devTools.on("Runtime.consoleAPICalled", ({ type, args }) => {
    if (type !== "log" && type !== "debug") complaints.push(JSON.stringify(args));
  });
  devTools.on("Network.requestWillBeSent", ({ request }) => {
    const url = (request as Json).url as string;
    if (url !== file.href && !url.startsWith("data:")) requests.push(url);
  });
  const { width, height, dark = false, print = false } = options;
  for (const domain of ["Page", "Runtime", "Log", "Network"]) {
    await devTools.send(`${domain}.enable`);
  }
  await devTools.send("Emulation.setDeviceMetricsOverride", {
    width,
    height,
    deviceScaleFactor: 1,
    mobile: width < 600,
  });
  await devTools.send("Emulation.setEmulatedMedia", {
    media: print ? "print" : "screen",
    features: [{ name: "prefers-color-scheme", value: dark ? "dark" : "light" }],
  });
  await devTools.send("Page.setLifecycleEventsEnabled", { enabled: true });
  await navigate(devTools, file);
  const evaluate = async <T>(expression: string): Promise<T> => {
    const { result, exceptionDetails } = await devTools.send("Runtime.evaluate", {
      expression,
      returnByValue: true,
      awaitPromise: true,
    });
    if (exceptionDetails) throw new Error(JSON.stringify(exceptionDetails));
    return (result as Json).value as T;
  };
  // Two frames: the first lays out, the second has what observers of it drew.
  if (print) await evaluate("dispatchEvent(new Event('beforeprint'))");
  await evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))");
  return {
    complaints,
    requests,
    evaluate,
    screenshot: async (clip) => {
      const { data } = await devTools.send("Page.captureScreenshot", {
        format: "png",
        captureBeyondViewport: true,
        ...(clip ? { clip: { ...clip, scale: 1 } } : {}),
      });
      return Uint8Array.fromBase64(data as string);
    },
    pdf: async () => {
      const { data } = await devTools.send("Page.printToPDF", { printBackground: true });
      return Uint8Array.fromBase64(data as string);
    },
  };
}
