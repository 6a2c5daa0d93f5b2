/** The global scope inside a Worker, typed: the type checker sees every file as the main thread's. */
interface ThreadScope {
  onmessage: ((event: MessageEvent<unknown>) => void) | null;
  postMessage(message: unknown): void;
  close(): void;
}

export const thread = globalThis as unknown as ThreadScope;
