import type { Duplex } from "node:stream";
import { ByteReader } from "../read-bytes.js";
import { HANDSHAKE_MS } from "../times.js";
import { answerTo, Code, readQuery, Type } from "./message.js";

/**
 * The address of a name inside: a reserved one that is ready for connections; null if it is not allowed; undefined if
 * it is not possible.
 */
export type Lookup = (name: string) => Promise<string | null | undefined>;

/**
 * Answers one query. Asks no name server outside, so a query cannot carry data out. A name that no rule allows does not
 * exist; an allowed one has an IPv4 address and nothing else, in particular no keys for an encrypted SNI.
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
    // It has asked everything, or is gone.
  }
  client.end();
}
