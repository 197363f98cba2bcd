import type { Sandbox } from "bulkhead";
import { type Build, here, nameOf } from "../build.js";
import type { Absent, Subject } from "../subject.js";
import type { Web } from "./server.js";

/** The same client inside a container, by the proxy inside, the channel and the gate. */
export async function through(
  argvFor: (proxy: string, host: string) => readonly string[],
  web: Web,
  build: Build = here,
  title = "through the channel",
): Promise<Subject | Absent> {
  const name = nameOf(title, build);
  let sandbox: Sandbox;
  try {
    sandbox = await build.library.Sandbox.create(
      {
        level: "container",
        root: "host",
        resources: { cpus: 64, memory: "1GiB", openFiles: 8192 },
        // `tcp`, so that the tunnel is not inspected, like one that carries TLS after its first bytes.
        network: {
          allow: (["http", "tcp"] as const).map((protocol) => ({
            host: "web.test",
            ports: web.port,
            protocol,
            private: true,
          })),
        },
      },
      { egress: { resolver: async () => ["127.0.0.1"] } },
    );
  } catch (error) {
    return { name, absent: error instanceof Error ? error.message : String(error) };
  }
  const argv = argvFor("127.0.0.1:3128", `web.test:${web.port}`);
  return {
    name,
    run: async () => {
      const { exitCode, signal, stderr } = await sandbox.run(argv);
      if (exitCode !== 0) throw new Error(`${name} ended with ${exitCode ?? signal}: ${stderr}`);
    },
    [Symbol.asyncDispose]: () => sandbox[Symbol.asyncDispose](),
  };
}
