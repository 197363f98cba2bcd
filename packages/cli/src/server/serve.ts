import { BulkheadError } from "bulkhead";
import type { RunningServer } from "bulkhead-server";
import { defined } from "../defined.js";
import { finish, jsonLine, print } from "../output/write.js";
import type { ServeFlags } from "./flags.js";
import { loadServer } from "./load.js";

/** Serves until a signal ends it: the first one finishes what is in progress, a second one does not wait. */
export async function serve(flags: ServeFlags): Promise<void> {
  const { startServer, parseListen } = await loadServer();
  const graceMs = seconds(flags.drain) * 1000;
  const { state, templates, host, behindProxy, newToken } = flags;
  const signalled = nextSignal();
  const server = await startServer({
    listen: parseListen(flags.listen),
    ...defined({ stateDirectory: state, templates, hosts: host, behindProxy, newToken, tls: tlsOf(flags) }),
    log: process.stderr,
  });
  await print(process.stdout, flags.json === true ? jsonLine(announced(server)) : textOf(server));
  await signalled;
  await Promise.race([server.stop(graceMs), nextSignal().then(() => finish(130))]);
  await finish(0);
}

function announced({ url, token, lost }: RunningServer) {
  return { url, token, lost };
}

/** With a line to paste that runs a program. */
function textOf({ url, token, lost }: RunningServer): string {
  const shown = token ?? "$BULKHEAD_TOKEN";
  return [
    `listening on ${url}`,
    ...(lost.length === 0 ? [] : [`${lost.length} sandboxes of an earlier server are gone: their state is \`lost\``]),
    token === null
      ? "token: as printed by the first start (--new-token makes another)"
      : `token (shown once): ${token}`,
    "",
    `curl -sS ${url}/v1/run -H 'Authorization: Bearer ${shown}' -H 'Content-Type: application/json' \\`,
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

function seconds(text: string): number {
  if (!/^\d{1,5}$/.test(text)) throw new BulkheadError("USAGE", { operation: "--drain", detail: text });
  return Number(text);
}

async function nextSignal(): Promise<void> {
  await new Promise<void>((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => resolve());
  });
}
