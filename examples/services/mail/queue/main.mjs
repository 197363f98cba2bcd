// Keeps messages on disk until they are delivered. The receiver submits, the deliverer takes and reports: two sockets.
import { createServer } from "node:http";
import { Store } from "./store.mjs";

const LARGEST_REQUEST = 1024 * 1024 + 64 * 1024;
const MAILBOX = /^[a-z0-9][a-z0-9._-]{0,63}$/;

const store = await Store.open("/queue");

listen("/run/mail/submit.sock", async (incoming, outgoing) => {
  const content = await all(incoming);
  const envelope = envelopeOf(content);
  if (envelope === undefined) return outgoing.writeHead(400).end("no envelope\n");
  const message = content.subarray(content.indexOf("\n") + 1);
  const id = await store.put(envelope, message);
  if (id === undefined) return outgoing.writeHead(507).end("the queue is full\n");
  outgoing.end(`${id}\n`);
});

listen("/run/mail/next.sock", async (incoming, outgoing) => {
  const [, done] = /^\/done\/([0-9a-f]{64})$/.exec(incoming.url) ?? [];
  if (incoming.method === "POST" && done !== undefined) {
    await store.done(done);
    return outgoing.end();
  }
  const next = await store.next();
  if (next === undefined) return outgoing.writeHead(204).end();
  outgoing.setHeader("x-id", next.id);
  outgoing.end(next.content);
});

process.on("SIGTERM", () => process.exit(0));

function listen(path, answer) {
  const server = createServer(async (incoming, outgoing) => {
    try {
      await answer(incoming, outgoing);
    } catch (error) {
      console.error(`${path}: ${error.message}`);
      outgoing.writeHead(500).end();
    }
  });
  server.listen(path);
}

/** The first line. The receiver speaks with strangers, so it is not believed. */
function envelopeOf(content) {
  try {
    const { from, to, received } = JSON.parse(content.subarray(0, content.indexOf("\n")).toString());
    const isText = (value) => typeof value === "string" && value.length < 1024 && !/[\r\n\0]/.test(value);
    const isList = Array.isArray(to) && to.length > 0 && to.length <= 100 && to.every((one) => MAILBOX.test(one));
    return isText(from) && isText(received) && isList ? { from, to, received } : undefined;
  } catch {
    return undefined;
  }
}

async function all(stream) {
  const pieces = [];
  let length = 0;
  for await (const piece of stream) {
    length += piece.length;
    if (length > LARGEST_REQUEST) throw new Error("too large");
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}
