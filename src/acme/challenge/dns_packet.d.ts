/** The part of `dns-packet` that the tool uses. Its own types come with Node's, which contradict Deno's. */
export interface Question {
  readonly name: string;
  readonly type: string;
  readonly class?: string;
}
export interface Answer extends Question {
  readonly ttl: number;
  readonly data: string;
}
export interface Packet {
  readonly type: "query" | "response";
  readonly id: number;
  readonly flags: number;
  readonly questions: readonly Question[];
  readonly answers: readonly Answer[];
}
declare const dns: {
  readonly AUTHORITATIVE_ANSWER: number;
  readonly RECURSION_DESIRED: number;
  encode(packet: Packet): Uint8Array;
  /** Throws for what is no message. */
  decode(message: Uint8Array): Packet;
};
export default dns;
