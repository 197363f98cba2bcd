import { BulkheadError } from "bulkhead";
import type { RunningServer } from "bulkhead-server";
import { defined } from "../defined.js";
import { finish, jsonLine, print } from "../output/write.js";
import type { ServeFlags } from "./flags.js";
import { loadServer } from "./load.js";
import { type HandedOver, TokenPlace } from "./token.js";

/** Serves until a signal ends it: the first one finishes what is in progress, a second one does not wait. */
export async function serve(flags: ServeFlags): Promise<void> {
  const { startServer, parseListen, statePaths } = await loadServer();
  const graceMs = numberOf("--drain", flags.drain) * 1000;
  const keepDays = flags.keep === "forever" ? null : numberOf("--keep", flags.keep, 1);
  const { state, templates, host, behindProxy, newToken } = flags;
  const signalled = nextSignal();
  const place = new TokenPlace({ ...flags, directory: statePaths(state).directory });
  const server = await startServer({
    beforeToken: async () => await place.prepare(),
    listen: parseListen(flags.listen),
    ...defined({ stateDirectory: state, templates, hosts: host, behindProxy, newToken, tls: tlsOf(flags) }),
    keepDays,
    log: process.stderr,
  }).catch(async (error: unknown) => {
    await place.abandon();
    throw error;
  });
  const token = await place.handOver(server.token).catch(async (error: unknown) => {
    await server.stop(0);
    throw error;
  });
  await print(process.stdout, flags.json === true ? jsonLine(announced(server, token)) : textOf(server, token));
  await signalled;
  await Promise.race([server.stop(graceMs), nextSignal().then(() => finish(130))]);
  await finish(0);
}

function announced({ url, lost }: RunningServer, { shown, file }: HandedOver) {
  return { url, token: shown, tokenFile: file, lost };
}

/** With a line to paste that runs a program. */
function textOf({ url, lost }: RunningServer, { shown, file }: HandedOver): string {
  const spoken = shown ?? (file === null ? "$BULKHEAD_TOKEN" : `$(cat '${file.replaceAll("'", "'\\''")}')`);
  return [
    `listening on ${url}`,
    ...(lost.length === 0 ? [] : [`${lost.length} sandboxes of an earlier server are gone: their state is \`lost\``]),
    shown !== null
      ? `token (shown once): ${shown}`
      : file !== null
        ? `token: in ${file}, which you may move or delete`
        : "token: as the first start gave it (--new-token makes another)",
    "",
    `curl -sS ${url}/v1/run -H "Authorization: Bearer ${spoken}" -H 'Content-Type: application/json' \\`,
    `  -d '{"argv": ["id"]}'`,
    "",
  ].join("\n");
}

function tlsOf({ tlsCert, tlsKey }: ServeFlags): { readonly cert: string; readonly key: string } | undefined {
  if (tlsCert === undefined && tlsKey === undefined) return undefined;
  if (tlsCert === undefined || tlsKey === undefined) {
    throw new BulkheadError("USAGE", {
      operation: "--tls-cert",
      detail: "it needs --tls-key, and the other way round",
    });
  }
  return { cert: tlsCert, key: tlsKey };
}

function numberOf(flag: string, text: string, least = 0): number {
  if (!/^\d{1,5}$/.test(text) || Number(text) < least) {
    throw new BulkheadError("USAGE", { operation: flag, detail: text });
  }
  return Number(text);
}

async function nextSignal(): Promise<void> {
  await new Promise<void>((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => resolve());
  });
}
