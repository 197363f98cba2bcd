import { spawn } from "node:child_process";
import { once } from "node:events";

/** Answers `GET /BYTES` with that many bytes, in a separate process that is not measured. */
const SCRIPT = `
const block = Buffer.alloc(65536);
const server = require("node:http").createServer((request, response) => {
  let left = Number(request.url.slice(1));
  response.writeHead(200, { "content-length": left });
  const more = () => {
    while (left > 0) {
      const part = left < block.length ? block.subarray(0, left) : block;
      left -= part.length;
      if (!response.write(part)) return;
    }
    response.end();
  };
  response.on("drain", more);
  more();
});
server.listen(0, "127.0.0.1", 4096, () => console.log(server.address().port));
`;

export interface Web extends AsyncDisposable {
  readonly port: number;
}

export async function startWeb(): Promise<Web> {
  const child = spawn(process.execPath, ["-e", SCRIPT], { stdio: ["ignore", "pipe", "inherit"] });
  const [line] = (await once(child.stdout, "data")) as [Buffer];
  return {
    port: Number(line.toString()),
    [Symbol.asyncDispose]: async () => {
      child.kill();
      await once(child, "exit");
    },
  };
}
