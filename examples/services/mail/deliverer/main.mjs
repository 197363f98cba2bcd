// Takes messages from the queue and writes them to mailboxes (maildir). It reaches nothing but the queue's one socket.
import { request } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { deliver } from "./maildir.mjs";

const PAUSE_MS = 200;
const LARGEST_ANSWER = 2 * 1024 * 1024;

process.on("SIGTERM", () => process.exit(0));

for (;;) {
  try {
    const { id, content } = await ask("GET", "/next");
    if (id === undefined) {
      await sleep(PAUSE_MS);
      continue;
    }
    await deliver("/mail", id, content);
    await ask("POST", `/done/${id}`);
  } catch (error) {
    // The queue hands the message out again.
    console.error(`not delivered: ${error.message}`);
    await sleep(PAUSE_MS);
  }
}

function ask(method, path) {
  return new Promise((resolve, reject) => {
    const outgoing = request({ socketPath: "/run/bulkhead/queue.sock", method, path, agent: false }, async (answer) => {
      try {
        const pieces = [];
        let length = 0;
        for await (const piece of answer) {
          length += piece.length;
          if (length > LARGEST_ANSWER) throw new Error("too large");
          pieces.push(piece);
        }
        if (answer.statusCode >= 300) throw new Error(`the queue answered ${answer.statusCode}`);
        resolve({ id: answer.headers["x-id"], content: Buffer.concat(pieces) });
      } catch (error) {
        reject(error);
      }
    });
    outgoing.on("error", reject);
    outgoing.end();
  });
}
