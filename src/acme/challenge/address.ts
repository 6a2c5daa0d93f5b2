/** Where a responder listens. */
export interface Address {
  readonly hostname: string;
  readonly port: number;
}

/** `127.0.0.1:5002` or `[::1]:5002`; undefined when the text is neither. */
export function parseAddress(text: string): Address | undefined {
  const match = /^(\[[0-9a-fA-F:.]+\]|[^:\s[\]]+):(\d{1,5})$/.exec(text);
  const port = Number(match?.[2]);
  if (match === null || port > 65535) return undefined;
  return { hostname: match[1]!.replace(/^\[|\]$/g, ""), port };
}
