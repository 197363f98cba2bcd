// Takes a picture, has it converted and the result signed. It neither parses pictures nor holds the key.
import { createServer, request } from "node:http";

const LARGEST = 8 * 1024 * 1024;

const server = createServer(async (incoming, outgoing) => {
  try {
    if (incoming.method !== "POST") return outgoing.end("POST a picture\n");
    const picture = await all(incoming);
    const thumbnail = await ask("/run/bulkhead/convert.sock", picture);
    const signature = await ask("/run/bulkhead/sign.sock", thumbnail);
    outgoing.setHeader("content-type", "application/json");
    outgoing.end(`${JSON.stringify({ thumbnail: thumbnail.toString("base64"), signature: signature.toString() })}\n`);
  } catch (error) {
    outgoing.writeHead(422).end(`${error.message}\n`);
  }
});
server.listen(3000, "127.0.0.1");
process.on("SIGTERM", () => server.close(() => process.exit(0)));

/** The answer of another component. */
function ask(socketPath, body) {
  return new Promise((resolve, reject) => {
    const outgoing = request({ socketPath, method: "POST", path: "/" }, async (answer) => {
      const text = await all(answer).catch(reject);
      if (answer.statusCode === 200) resolve(text);
      else reject(new Error(String(text).trim()));
    });
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

async function all(stream) {
  const pieces = [];
  let length = 0;
  for await (const piece of stream) {
    length += piece.length;
    if (length > LARGEST) throw new Error("too large");
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}
