// Makes a thumbnail of eight by eight characters from a PGM picture (P2). Parsers like this one have errors.
import { createServer } from "node:http";

const SIDE = 8;
const SHADES = " .:-=+*#%@";

const server = createServer(async (incoming, outgoing) => {
  try {
    let text = "";
    for await (const piece of incoming) text += piece.toString("latin1");
    outgoing.end(thumbnail(text));
  } catch (error) {
    outgoing.writeHead(422).end(`${error.message}\n`);
  }
});
server.listen("/run/rpc.sock");
process.on("SIGTERM", () => server.close(() => process.exit(0)));

function thumbnail(text) {
  const [kind, ...numbers] = text.replaceAll(/#.*$/gm, "").trim().split(/\s+/);
  const [width, height, brightest, ...grey] = numbers.map(Number);
  if (kind !== "P2" || !(width > 0 && height > 0 && brightest > 0)) throw new Error("not a PGM picture (P2)");
  if (grey.length !== width * height) throw new Error("the picture is incomplete");
  const row = (y) => Array.from({ length: SIDE }, (_, x) => shade(Math.floor((x * width) / SIDE), y)).join("");
  const shade = (x, y) => SHADES[Math.floor((grey[y * width + x] / brightest) * (SHADES.length - 1))] ?? "?";
  return Array.from({ length: SIDE }, (_, y) => row(Math.floor((y * height) / SIDE))).join("\n");
}
