import { resolve } from "node:path";
import { wantedLevel } from "../../plan/compile/level.js";
import { inconsistencies } from "../../policy/consistency.js";
import { isAtLeast, type Level } from "../../policy/level.js";
import { problemsOf } from "../../policy/problems.js";
import { checkPolicy, type Policy } from "../../policy/schema.js";
import type { ChannelSpec } from "../channels/contract.js";
import type { ComponentSpec, HostMount, ReadySpec, RestartSpec, ServiceSpec } from "../model.js";
import { channelsOf, offersOf } from "./channels.js";
import { withoutLinks } from "./links.js";
import { listenersOf, portsTakenTwice, socketsOf } from "./listen.js";
import { startOrder } from "./order.js";
import type { Problems } from "./problems.js";
import type { ReadComponent, ReadService } from "./read.js";
import { SECRETS_DIRECTORY, sandboxPolicy } from "./sandbox-policy.js";
import { replaceable, twoWriters } from "./writers.js";

const READY_MS = 60_000;
const GRACE_MS = 10_000;
const BACKOFF_MS = [1_000, 30_000] as const;
const CRASHES = 5;
const CRASHES_WITHIN_MS = 60_000;
const LOG_BYTES = 10 * 1024 * 1024;
const LOGS_KEPT = 3;

/** Checks the components of a file against each other, and compiles them. */
export async function compileService(
  read: ReadService,
  directory: string,
  problems: Problems,
): Promise<ServiceSpec | undefined> {
  const minLevel = read.level?.min ?? null;
  const byName = new Map(read.components.map((component) => [component.name, component]));
  const channels = read.components.flatMap((component) =>
    channelsOf(component, { byName, names: read.names }, problems),
  );
  const compiled = await Promise.all(
    read.components.map(
      async (component) => await compileComponent(component, { minLevel, channels, directory }, problems),
    ),
  );
  portsTakenTwice(compiled, problems);
  twoWriters(compiled, problems);
  await replaceable(read.components, compiled, directory, problems);
  const components = startOrder(compiled, problems);
  return problems.any ? undefined : { name: read.name, minLevel, components, channels };
}

interface Surroundings {
  readonly minLevel: Level | null;
  readonly channels: readonly ChannelSpec[];
  readonly directory: string;
}

async function compileComponent(
  component: ReadComponent,
  { minLevel, channels, directory }: Surroundings,
  problems: Problems,
): Promise<ComponentSpec> {
  const { name, own, resolved } = component;
  const base = ["components", name];
  const level = levelOf(component, minLevel, problems);
  const offers = offersOf(component, problems);
  const listen = listenersOf(component, offers, problems);
  const sockets = socketsOf(component, listen, problems);
  const secretFiles = await Promise.all(
    [...component.secretFiles].map(async ([secret, path]) => ({
      name: secret,
      path: resolve(directory, path),
      leadsTo: await withoutLinks(resolve(directory, path)),
      at: `${SECRETS_DIRECTORY}/${secret}`,
    })),
  );
  if (own.command === undefined && resolved.root.kind !== "image") {
    problems.add(base, "needs a command: only an image names its own");
  }
  const uses = channels.filter(({ consumer }) => consumer === name);
  const mounts = await mountsOf(component);
  const root = resolved.root.kind === "directory" ? await withoutLinks(resolved.root.path) : null;
  const ready = readyOf(component, offers, listen, problems);
  const parts = {
    level,
    minLevel,
    offers,
    listen,
    sockets,
    uses,
    secretFiles,
    mounts,
    root,
    notifies: ready.kind === "notify",
  };
  const policy = sandboxPolicy(component, parts, problems);
  checkAgain(policy, base, problems);
  return {
    name,
    level,
    policy,
    command: own.command ?? [],
    offers,
    listen,
    after: waitsFor(component),
    sockets,
    secretFiles,
    mounts,
    ready,
    restart: restartOf(own.restart),
    stop: { signal: own.stop?.signal ?? "SIGTERM", graceMs: own.stop?.grace ?? GRACE_MS },
    logs: { bytes: own.logs?.size ?? LOG_BYTES, keep: own.logs?.keep ?? LOGS_KEPT },
  };
}

/** What channels and secrets add to a policy must be valid in it too: not every name can be that of a host. */
function checkAgain(policy: Policy, base: readonly string[], problems: Problems): void {
  const checked = checkPolicy(policy);
  if (checked.success) problems.addAll(base, inconsistencies(checked.data));
  else problems.addAll(base, problemsOf(checked.error.issues, policy));
}

/** A level that the file names must not be below the service's floor; any other is raised to it. */
function levelOf({ name, resolved }: ReadComponent, minLevel: Level | null, problems: Problems): Level {
  const level = wantedLevel(resolved);
  if (minLevel === null || isAtLeast(level, minLevel)) return level;
  if (resolved.level.exact !== null) {
    problems.add(["components", name, "level"], `${level} is weaker than the service's level.min, ${minLevel}`);
  }
  return minLevel;
}

function waitsFor({ name, own }: ReadComponent): readonly string[] {
  const providers = Object.values(own.uses ?? {}).flatMap((use) => {
    const { offer, wait = true } = typeof use === "string" ? { offer: use } : use;
    return wait ? [offer.split(".")[0] ?? ""] : [];
  });
  return [...new Set([...providers, ...(own.depends ?? [])])].filter((other) => other !== name);
}

async function mountsOf({ resolved, shared }: ReadComponent): Promise<readonly HostMount[]> {
  return await Promise.all(
    resolved.files.flatMap((file, index) =>
      file.kind === "host"
        ? [
            (async () => ({
              path: await withoutLinks(file.source),
              at: file.at,
              writable: file.writable,
              shared: shared.has(index),
            }))(),
          ]
        : [],
    ),
  );
}

function readyOf(
  { name, own }: ReadComponent,
  offers: ComponentSpec["offers"],
  listen: ComponentSpec["listen"],
  problems: Problems,
): ReadySpec {
  const { ready } = own;
  const first = offers[0]?.target ?? listen[0]?.target;
  if (ready === undefined) {
    return first === undefined
      ? { kind: "started", timeoutMs: READY_MS }
      : { kind: "connect", target: first, timeoutMs: READY_MS };
  }
  if (ready === "started") return { kind: "started", timeoutMs: READY_MS };
  const timeoutMs = ready.timeout ?? READY_MS;
  if ("notify" in ready) return { kind: "notify", timeoutMs };
  if ("command" in ready) return { kind: "command", argv: ready.command, timeoutMs };
  const at = ["components", name, "ready"];
  if ("connect" in ready) {
    const found = [...offers, ...listen].find((one) => one.name === ready.connect);
    if (found === undefined) problems.add([...at, "connect"], `the component provides no ${ready.connect}`);
    return { kind: "connect", target: found?.target ?? { port: 1 }, timeoutMs };
  }
  const target = ready.port === undefined ? first : { port: ready.port };
  if (target === undefined) problems.add([...at, "http"], "needs a port: the component provides none");
  return { kind: "http", path: ready.http, target: target ?? { port: 1 }, timeoutMs };
}

function restartOf(restart: ReadComponent["own"]["restart"]): RestartSpec {
  const [first, longest] = BACKOFF_MS;
  const usual = { firstMs: first, longestMs: longest, limit: CRASHES, withinMs: CRASHES_WITHIN_MS };
  if (restart === undefined) return { when: "on-failure", ...usual };
  if (typeof restart === "string") return { when: restart, ...usual };
  const [firstMs, longestMs] = restart.backoff ?? BACKOFF_MS;
  return {
    when: restart.always === true ? "always" : "on-failure",
    firstMs,
    longestMs: Math.max(firstMs, longestMs),
    limit: restart.limit ?? CRASHES,
    withinMs: restart.within ?? CRASHES_WITHIN_MS,
  };
}
