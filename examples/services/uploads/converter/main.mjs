// Makes a thumbnail with ImageMagick, which reads what strangers send and has had hundreds of errors.
import { spawn } from "node:child_process";
import { createServer } from "node:http";

const SIDE = 64;
const LONGEST_MS = 20_000;
const MOST_AT_ONCE = 4;
/** ImageMagick's own bounds: a small file can say that it is a picture of a billion pixels. */
const LIMITS = [
  "-limit",
  "width",
  "16KP",
  "-limit",
  "height",
  "16KP",
  "-limit",
  "memory",
  "128MiB",
  "-limit",
  "disk",
  "0",
];

/** The kinds that it takes, by their first bytes. ImageMagick's guess would lead to its more than 100 other parsers. */
const KINDS = [
  ["png", /^\x89PNG\r\n\x1a\n/],
  ["jpeg", /^\xff\xd8\xff/],
  ["gif", /^GIF8[79]a/],
  ["pnm", /^P[1-6]\s/],
];

let converting = 0;
const server = createServer(async (incoming, outgoing) => {
  if (converting >= MOST_AT_ONCE) return outgoing.writeHead(503).end("busy\n");
  converting += 1;
  try {
    const pieces = [];
    for await (const piece of incoming) pieces.push(piece);
    outgoing.end(await thumbnail(Buffer.concat(pieces)));
  } catch (error) {
    outgoing.writeHead(422).end(`${error.message}\n`);
  } finally {
    converting -= 1;
  }
});
server.listen("/run/rpc.sock");
process.on("SIGTERM", () => server.close(() => process.exit(0)));

/** A PNG of at most 64 by 64 pixels, of the first picture of the file. */
function thumbnail(picture) {
  const start = picture.subarray(0, 16).toString("latin1");
  const kind = KINDS.find(([, first]) => first.test(start))?.[0];
  if (kind === undefined) throw new Error("not a PNG, JPEG, GIF or PNM picture");
  const argv = [...LIMITS, `${kind}:-[0]`, "-thumbnail", `${SIDE}x${SIDE}`, "png:-"];
  return new Promise((resolve, reject) => {
    const child = spawn("convert", argv, { timeout: LONGEST_MS, killSignal: "SIGKILL" });
    const pieces = [];
    child.stdout.on("data", (piece) => pieces.push(piece));
    child.stderr.on("data", (words) => console.error(String(words).trim()));
    child.stdin.on("error", () => undefined);
    child.on("error", reject);
    child.on("close", (code) =>
      code === 0 && pieces.length > 0 ? resolve(Buffer.concat(pieces)) : reject(new Error("the picture is damaged")),
    );
    child.stdin.end(picture);
  });
}
