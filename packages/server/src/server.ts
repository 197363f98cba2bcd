import { readFile } from "node:fs/promises";
import { type AddressInfo, isIPv6 } from "node:net";
import { BulkheadError } from "bulkhead";
import { AuditLog } from "./audit/log.js";
import { Refusals } from "./audit/refusals.js";
import type { Engine } from "./engine/engine.js";
import { localEngine } from "./engine/local.js";
import { createApp } from "./http/app.js";
import { HostGuard } from "./http/guard.js";
import { KEPT_MS } from "./http/idempotency.js";
import { isLoopback, type ListenAddress, urlOf } from "./listen.js";
import { Metrics } from "./metrics/metrics.js";
import { type Core, Work } from "./operations/core.js";
import { freshId } from "./operations/ids.js";
import { Platform } from "./operations/platform.js";
import { Templates } from "./operations/templates.js";
import { newProject } from "./operations/tenancy.js";
import { Retention } from "./retention.js";
import { openState, statePaths } from "./state.js";
import { Quotas } from "./tenants/quotas.js";
import { SCOPES } from "./tenants/scopes.js";
import { makeToken } from "./tenants/tokens.js";

export interface ServerOptions {
  readonly listen: ListenAddress;
  /** Default: `bulkhead/server` below XDG_STATE_HOME. */
  readonly stateDirectory?: string;
  /** A directory of policies, `NAME.yaml` each. */
  readonly templates?: string;
  /** Names besides the loopback's that requests may use as host. */
  readonly hosts?: readonly string[];
  readonly tls?: { readonly cert: string; readonly key: string };
  readonly behindProxy?: boolean;
  /** Makes a new token of the operator even if there is one. */
  readonly newToken?: boolean;
  /** Prepares the place that a new token goes to, which is shown once: if this fails, no token is made. */
  readonly beforeToken?: () => Promise<void>;
  /** Days for which ended rows and lines of the audit log are kept. Default: 90; null: for ever. */
  readonly keepDays?: number | null;
  readonly log: NodeJS.WritableStream;
}

const KEEP_DAYS = 90;

/** A server that answers requests. */
export interface RunningServer {
  readonly url: string;
  /** The operator's token, if this start made one. */
  readonly token: string | null;
  /** Ids of sandboxes that an earlier server left, and that are gone. */
  readonly lost: readonly string[];
  /** Finishes what is in progress for at most `graceMs`, then ends every sandbox. */
  stop(graceMs: number): Promise<void>;
}

/**
 * Starts the server.
 * @throws BulkheadError SERVER_LISTEN_UNSAFE, SERVER_STATE_UNUSABLE, SERVER_NODE_TOO_OLD, AUDIT_BROKEN,
 * PORT_UNAVAILABLE
 */
export async function startServer(options: ServerOptions, engine: Engine = localEngine): Promise<RunningServer> {
  const { listen, behindProxy = false, hosts = [], log } = options;
  if (!isLoopback(listen.host) && options.tls === undefined && !behindProxy) {
    throw new BulkheadError("SERVER_LISTEN_UNSAFE", { operation: "listen", detail: listen.host });
  }
  const templates = await Templates.load(options.templates ?? null);
  const tls = options.tls === undefined ? null : await readTls(options.tls);
  const paths = statePaths(options.stateDirectory);
  const { store, unlock } = openState(paths);
  try {
    const audit = await AuditLog.open(paths.audit, store, { boot: await bootId() });
    const onError = (error: unknown) => app.log.error({ err: error });
    const refusals = new Refusals(async (event) => await audit.append(event), onError);
    const quotas = new Quotas();
    const shared = { quotas, metrics: new Metrics(quotas), templates, work: new Work(), onError };
    const core: Core = { store, engine, audit, refusals, ...shared };
    const platform = new Platform(core);
    const guard = new HostGuard([...hosts, isIPv6(listen.host) ? `[${listen.host}]` : listen.host]);
    const app = await createApp({ platform, guard, behindProxy, tls, log });
    const lost = await reportLost(core);
    await store.forgetKeysBefore(Date.now() - KEPT_MS);
    const retention = new Retention(core, options.keepDays === undefined ? KEEP_DAYS : options.keepDays);
    await retention.apply();
    await app.listen({ host: listen.host, port: listen.port }).catch((cause: unknown) => {
      throw new BulkheadError("PORT_UNAVAILABLE", { operation: "listen", detail: urlOf(listen, tls !== null), cause });
    });
    // After everything that can fail: the token is shown once.
    const token = await operatorToken(core, options).catch(async (error: unknown) => {
      await app.close();
      throw error;
    });
    const { port } = app.server.address() as AddressInfo;
    const stop = async (graceMs: number) => {
      await platform.stop(graceMs);
      app.server.closeAllConnections();
      await app.close();
      retention.close();
      await refusals.close();
      await audit.close();
      await store.close();
      unlock();
    };
    return { url: urlOf({ host: listen.host, port }, tls !== null), token, lost, stop };
  } catch (error) {
    await store.close();
    unlock();
    throw error;
  }
}

/** Sandboxes end with the server that made them, however it ended: those in the store as running are gone. */
async function reportLost({ store, audit }: Core): Promise<readonly string[]> {
  const lost = await store.loseRunning(Date.now(), "SANDBOX_LOST");
  for (const { id, project } of lost) {
    await audit.append({ project, ...SERVER, action: "sandbox.lost", target: id, outcome: "SANDBOX_LOST" });
  }
  return lost.map(({ id }) => id);
}

/** In the audit log, who did what no request asked for. */
const SERVER = { token: null, address: null };

/** The first start makes a project and a token with every scope. */
async function operatorToken({ store, audit }: Core, options: ServerOptions): Promise<string | null> {
  const [first] = await store.projects();
  if (first !== undefined && options.newToken !== true) return null;
  await options.beforeToken?.();
  const project = first ?? newProject(freshId("prj"), { organisation: "default", name: "default" });
  if (first === undefined) await store.addProject(project);
  const { text, row } = makeToken(
    { project: project.id, name: "operator", scopes: SCOPES, expiresAt: null },
    Date.now(),
  );
  const about = { project: project.id, ...SERVER, action: "token.create", target: row.id };
  await audit.append({ ...about, outcome: "begin" });
  await store.addToken(row);
  await audit.append({ ...about, outcome: "ok" });
  return text;
}

/** Another one after each start of the machine. */
async function bootId(): Promise<string> {
  return (await readFile("/proc/sys/kernel/random/boot_id", "utf8")).trim();
}

async function readTls({ cert, key }: { readonly cert: string; readonly key: string }) {
  const read = async (path: string) =>
    await readFile(path).catch((cause: unknown) => {
      throw new BulkheadError("PATH_UNUSABLE", { operation: "read", path, cause });
    });
  return { cert: await read(cert), key: await read(key) };
}
