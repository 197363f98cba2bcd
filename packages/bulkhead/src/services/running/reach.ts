import type { Connection } from "../../channel/connection.js";
import type { Live } from "../../session/live.js";
import { after } from "../../session/timer.js";
import { connectTo } from "../channels/ends.js";
import type { Target } from "../model.js";

/** Init answers at once; a hostile one need not answer at all. */
const CONNECT_MS = 5_000;

/**
 * Connects to a target inside.
 * @throws BulkheadError CONNECT_FAILED, ABORTED after its time, and as the channel does
 */
export async function reach(live: Live, target: Target): Promise<Connection> {
  const bound = new AbortController();
  const timer = after(CONNECT_MS, () => bound.abort());
  return await connectTo(live.channel, target, bound.signal).finally(() => timer.stop());
}

/** How much of an answer is read: the first line counts, and the program inside may send anything. */
const MOST_READ = 4096;
const ANSWER_MS = 5_000;

/** Whether a GET is answered with a status from 200 to 399. */
export async function answersHttp(live: Live, target: Target, path: string): Promise<boolean> {
  const connection = await reach(live, target);
  const timer = after(ANSWER_MS, () => connection.destroy());
  try {
    connection.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nUser-Agent: bulkhead\r\n\r\n`);
    let answer = "";
    for await (const chunk of connection as AsyncIterable<Buffer>) {
      answer += chunk.toString("latin1");
      if (answer.includes("\n") || answer.length > MOST_READ) break;
    }
    const status = Number(/^HTTP\/1\.[01] ([1-5]\d\d)\b/.exec(answer)?.[1] ?? 0);
    return status >= 200 && status < 400;
  } finally {
    timer.stop();
    connection.destroy();
  }
}
