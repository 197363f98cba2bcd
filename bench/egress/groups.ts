import type { Build } from "../build.js";
import type { Absent, Prepare, Subject } from "../subject.js";
import { download, many } from "./clients.js";
import { plain } from "./plain.js";
import { startWeb, type Web } from "./server.js";
import { through } from "./through.js";

const MIB = 1024 * 1024;

/** The requests, by a client that knows where its proxy is. */
const workloads: Readonly<Record<string, (proxy: string, host: string) => readonly string[]>> = {
  "128 MiB by CONNECT": (proxy, host) => download(`http://${host}/${128 * MIB}`, ["-p", "-x", `http://${proxy}`]),
  "128 MiB by HTTP": (proxy, host) => download(`http://${host}/${128 * MIB}`, ["-x", `http://${proxy}`]),
  "1,000 tunnels, 64 KiB each": (proxy, host) => many(proxy, host, 1000, 65_536),
};

/** Egress at container compared with a minimal proxy. */
export const egressGroups: readonly { readonly title: string; readonly subjects: readonly Prepare[] }[] =
  Object.entries(workloads).map(([title, argvFor]) => {
    let web: Promise<Web> | undefined;
    const shared = () => {
      web ??= startWeb();
      return web;
    };
    return {
      title,
      subjects: [
        async () => {
          const server = await shared();
          const subject = await plain(argvFor, server);
          return {
            ...subject,
            [Symbol.asyncDispose]: async () => {
              await subject[Symbol.asyncDispose]();
              await server[Symbol.asyncDispose]();
            },
          };
        },
        async () => through(argvFor, await shared()),
      ],
    };
  });

/** The same for one build; each has its own server, because the other's may end first. */
export const egressPairs: readonly {
  readonly title: string;
  readonly subject: (build: Build) => Promise<Subject | Absent>;
}[] = Object.entries(workloads).map(([title, argvFor]) => ({
  title,
  subject: async (build) => {
    const server = await startWeb();
    const subject = await through(argvFor, server, build, title);
    if ("absent" in subject) {
      await server[Symbol.asyncDispose]();
      return subject;
    }
    return {
      ...subject,
      [Symbol.asyncDispose]: async () => {
        await subject[Symbol.asyncDispose]();
        await server[Symbol.asyncDispose]();
      },
    };
  },
}));
