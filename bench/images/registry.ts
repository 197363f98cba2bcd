import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

export interface Registry extends AsyncDisposable {
  /** `127.0.0.1:PORT`. */
  readonly host: string;
}

const PATIENCE_MS = 20_000;

/** Debian's docker-registry on loopback, with its data below `directory`. */
export async function startRegistry(directory: string): Promise<Registry> {
  const host = `127.0.0.1:${await freePort()}`;
  const storage = { filesystem: { rootdirectory: join(directory, "data") } };
  const path = join(directory, "registry.yml");
  await writeFile(path, JSON.stringify({ version: "0.1", log: { level: "error" }, storage, http: { addr: host } }));
  const child = spawn("docker-registry", ["serve", path], { stdio: "ignore" });
  child.once("error", () => undefined);
  const until = performance.now() + PATIENCE_MS;
  while (!(await answers(host))) {
    if (child.exitCode !== null || performance.now() > until) throw new Error("docker-registry does not answer");
    await sleep(50);
  }
  return {
    host,
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
    },
  };
}

async function answers(host: string): Promise<boolean> {
  return await fetch(`http://${host}/v2/`).then(
    () => true,
    () => false,
  );
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  return typeof address === "object" && address !== null ? address.port : 0;
}
