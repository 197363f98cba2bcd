/** Programs that forget something; each must end by itself, and say so. */

import { createServer } from "node:http";
import { Sandbox } from "../../../packages/bulkhead/src/index.js";

const ways: Readonly<Record<string, () => Promise<void>>> = {
  "a sandbox": async () => {
    await Sandbox.create();
  },
  "a sandbox in which a program ran": async () => {
    const sandbox = await Sandbox.create();
    console.log((await sandbox.run(["echo", "ran"])).stdout.trim());
  },
  "a sandbox that was closed": async () => {
    const sandbox = await Sandbox.create();
    await sandbox.close();
  },
  "the end of a sandbox, which is awaited": async () => {
    const sandbox = await Sandbox.create({ resources: { time: "1s" } });
    console.log((await sandbox.ended).cause);
  },
  "a program that runs": async () => {
    const sandbox = await Sandbox.create();
    const process = await sandbox.exec(["sh", "-c", "sleep 1; echo done"], {
      onStdout: (bytes) => console.log(String(bytes).trim()),
    });
    void process.result.then(async () => await sandbox.close());
  },
  "a sandbox with ref": async () => {
    const sandbox = (await Sandbox.create()).ref();
    setTimeout(() => void sandbox.unref(), 300).unref();
  },
  "an exposed port": async () => {
    const sandbox = await Sandbox.create();
    const { port, close } = await sandbox.expose(80);
    console.log(port > 0);
    // Nothing else keeps it alive until then.
    setTimeout(() => void close().then(() => sandbox.close()), 300).unref();
  },
  "what was collected": async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await Sandbox.create();
    for (let round = 0; round < 20; round++) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      globalThis.gc?.();
    }
    server.close();
  },
};

await ways[process.argv[2] ?? ""]?.();
