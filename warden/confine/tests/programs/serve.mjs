// A server and its client, a thread, and a child.
import { execFileSync } from "node:child_process";
import { connect, createServer } from "node:net";
import { fileURLToPath } from "node:url";
import { isMainThread, parentPort, Worker } from "node:worker_threads";

if (isMainThread) {
  const server = createServer((socket) => socket.end("served\n")).listen(0, "127.0.0.1", () => {
    connect(server.address().port, "127.0.0.1").on("data", (data) => {
      process.stdout.write(data);
      server.close();
      new Worker(fileURLToPath(import.meta.url)).on("message", (text) => process.stdout.write(text));
    });
  });
} else {
  parentPort.postMessage(execFileSync("echo", ["child"]).toString());
}
