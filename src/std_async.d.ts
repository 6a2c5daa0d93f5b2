/** The part of `@std/async` that the tool uses: its npm build is JavaScript only. */
export function delay(ms: number, options?: { readonly signal?: AbortSignal }): Promise<void>;
export function deadline<T>(promise: Promise<T>, ms: number): Promise<T>;
