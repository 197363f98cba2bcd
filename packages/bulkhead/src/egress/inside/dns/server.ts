import type { Duplex } from "node:stream";
import { ByteReader } from "../read-bytes.js";
import { HANDSHAKE_MS } from "../times.js";
import { answerTo, Code, readQuery, Type } from "./message.js";

/** What a name has inside: a reserved address that is ready to be connected to; null: it may not be reached; undefined: it cannot be. */
export type Lookup = (name: string) => Promise<string | null | undefined>;

/**
 * Answers one query. Nothing is asked of a name server outside, so no query can carry anything out. A name that no rule allows does not
 * exist; one that is allowed has an IPv4 address and nothing else: above all no keys for an encrypted SNI.
 */
export async function answerQuery(lookup: Lookup, message: Buffer): Promise<Buffer | undefined> {
  const question = readQuery(message);
  if (question === undefined) return undefined;
  const address = await lookup(question.name);
  if (address === undefined) return answerTo(question, Code.failure);
  if (address === null) return answerTo(question, Code.nameError);
  const wanted = question.type === Type.a || question.type === Type.any;
  return answerTo(question, Code.none, wanted ? address : undefined);
}

/** DNS over TCP: each message with its length before it. */
export async function serveDnsTcp(lookup: Lookup, client: Duplex): Promise<void> {
  const reader = new ByteReader(client);
  try {
    for (;;) {
      const timer = setTimeout(() => client.destroy(), HANDSHAKE_MS);
      const length = (await reader.take(2)).readUInt16BE(0);
      const message = await reader.take(Math.min(length, 4096));
      clearTimeout(timer);
      const answer = length > 4096 ? undefined : await answerQuery(lookup, message);
      if (answer === undefined) break;
      const head = Buffer.alloc(2);
      head.writeUInt16BE(answer.length);
      client.write(Buffer.concat([head, answer]));
    }
  } catch {
    // It has asked all that it wanted to, or is gone.
  }
  client.end();
}
