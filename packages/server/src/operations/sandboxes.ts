import { BulkheadError } from "bulkhead";
import type { EngineSandbox } from "../engine/engine.js";
import type { Cursor, SandboxRow, SandboxState } from "../store/store.js";
import type { Caller } from "../tenants/tokens.js";
import { choosePolicy, type PolicyChoice } from "./choice.js";
import { audited, type Core, codeOf, egressOf } from "./core.js";
import { freshId } from "./ids.js";

export const DEFAULT_TTL_MS = 600_000;
export const MAX_TTL_MS = 86_400_000;

/** A sandbox that runs, and its row in the store. */
export interface LiveSandbox {
  readonly id: string;
  readonly project: string;
  readonly sandbox: EngineSandbox;
  /** Bytes of output that the server keeps for one program. */
  readonly outputBytes: number;
  timer: NodeJS.Timeout;
  /** Programs in progress, those that wait for their turn included. */
  programs: number;
}

export interface CreateRequest extends PolicyChoice {
  readonly ttlMs?: number | undefined;
}

export interface SandboxPage {
  readonly sandboxes: readonly SandboxRow[];
  readonly next: Cursor | null;
}

/** The sandboxes of all projects: each is created, found, extended and ended here. */
export class Sandboxes {
  readonly #core: Core;
  readonly #live = new Map<string, LiveSandbox>();
  /** Called when a sandbox has ended, for what others keep about it. */
  readonly #onEnd: (id: string) => void;

  constructor(core: Core, onEnd: (id: string) => void) {
    this.#core = core;
    this.#onEnd = onEnd;
  }

  /** @throws BulkheadError FLOOR_VIOLATED, POLICY_INVALID, QUOTA_EXCEEDED, SERVER_STOPPING, and any launch failure */
  async create(caller: Caller, request: CreateRequest, signal: AbortSignal): Promise<SandboxRow> {
    const { engine, quotas, work } = this.#core;
    const ttlMs = lifeOf(caller, request.ttlMs);
    const { policy, memoryBytes, outputBytes, digest } = await choosePolicy(this.#core, caller, request, "sandbox");
    const release = quotas.reserve(caller.project, memoryBytes, Date.now());
    const id = freshId("sbx");
    const subject = { action: "sandbox.create", target: id, policyDigest: digest };
    let sandbox: EngineSandbox | undefined;
    try {
      return await audited(this.#core, caller, subject, async () => {
        const startedAt = performance.now();
        const egress = egressOf(this.#core, caller.project.id);
        sandbox = await engine.create(policy, { signal: AbortSignal.any([signal, work.cut]), egress });
        this.#core.metrics.created(caller.project.id, sandbox.level, performance.now() - startedAt);
        const row = newRow(id, caller.project.id, sandbox, { ...request, ttlMs }, digest);
        await this.#core.store.addSandbox(row);
        this.#add(row, sandbox, outputBytes, release);
        return row;
      });
    } catch (error) {
      // Nothing runs that the caller or the log does not know of.
      await sandbox?.kill();
      release();
      throw error;
    }
  }

  #add({ id, project, expiresAt }: SandboxRow, sandbox: EngineSandbox, outputBytes: number, release: () => void) {
    const timer = this.#expireAt(id, expiresAt);
    this.#live.set(id, { id, project, sandbox, outputBytes, timer, programs: 0 });
    sandbox.ended
      .then(
        ({ cause }) => this.#ended(id, "ended", String(cause)),
        (error: unknown) => this.#ended(id, "lost", codeOf(error)),
      )
      .catch(this.#core.onError)
      .finally(release);
  }

  async #ended(id: string, state: SandboxState, reason: string): Promise<void> {
    clearTimeout(this.#live.get(id)?.timer);
    this.#live.delete(id);
    this.#onEnd(id);
    await this.#core.store.endSandbox(id, state, Date.now(), reason);
  }

  #expireAt(id: string, expiresAt: number): NodeJS.Timeout {
    const timer = setTimeout(() => {
      this.#end(id, "expired", "TIMED_OUT").catch(this.#core.onError);
    }, expiresAt - Date.now());
    return timer.unref();
  }

  /** The reason is stored before the end, which would else be told as the broker sees it. */
  async #end(id: string, state: SandboxState, reason: string | null): Promise<void> {
    const live = this.#live.get(id);
    if (live === undefined) return;
    await this.#core.store.endSandbox(id, state, Date.now(), reason);
    await live.sandbox.kill();
  }

  async list(project: string, limit: number, after: Cursor | null, state: SandboxState | null): Promise<SandboxPage> {
    const rows = await this.#core.store.sandboxes(project, { limit: limit + 1, after }, state);
    const sandboxes = rows.slice(0, limit);
    const last = sandboxes.at(-1);
    const isMore = rows.length > limit && last !== undefined;
    return { sandboxes, next: isMore ? { createdAt: last.createdAt, id: last.id } : null };
  }

  /** @throws BulkheadError API_NOT_FOUND */
  async get(project: string, id: string): Promise<SandboxRow> {
    const row = await this.#core.store.sandbox(project, id);
    if (row === undefined) throw new BulkheadError("API_NOT_FOUND", { detail: "sandbox" });
    return row;
  }

  isLive(id: string): boolean {
    return this.#live.has(id);
  }

  /** @throws BulkheadError API_NOT_FOUND; SANDBOX_CLOSED with how it ended */
  async live(project: string, id: string): Promise<LiveSandbox> {
    const live = this.#live.get(id);
    if (live?.project === project) return live;
    const { state, reason } = await this.get(project, id);
    throw new BulkheadError("SANDBOX_CLOSED", { detail: reason === null ? state : `${state}: ${reason}` });
  }

  /**
   * Lets the sandbox live for `ttlMs` from now, within the life that the project's floor allows.
   * @throws BulkheadError API_NOT_FOUND, SANDBOX_CLOSED, FLOOR_VIOLATED
   */
  async extend(caller: Caller, id: string, ttlMs: number): Promise<SandboxRow> {
    const project = caller.project.id;
    const live = await this.live(project, id);
    const { createdAt } = await this.get(project, id);
    requireLife(caller, Date.now() + ttlMs - createdAt);
    return await audited(this.#core, caller, { action: "sandbox.extend", target: id }, async () => {
      const expiresAt = Date.now() + ttlMs;
      await this.#core.store.setExpiry(project, id, expiresAt);
      clearTimeout(live.timer);
      live.timer = this.#expireAt(id, expiresAt);
      return await this.get(project, id);
    });
  }

  /** Ends the sandbox; one that has ended stays as it is. @throws BulkheadError API_NOT_FOUND */
  async kill(caller: Caller, id: string): Promise<SandboxRow> {
    const { state } = await this.get(caller.project.id, id);
    // The first request to kill it may still wait until nothing is left, and so does this one.
    if (state !== "running" && !this.isLive(id)) return await this.get(caller.project.id, id);
    return await audited(this.#core, caller, { action: "sandbox.kill", target: id }, async () => {
      await this.#end(id, "killed", null);
      return await this.get(caller.project.id, id);
    });
  }

  /** Ends every sandbox: the server stops. */
  async endAll(): Promise<void> {
    await Promise.allSettled([...this.#live.keys()].map((id) => this.#end(id, "killed", "SERVER_STOPPING")));
  }
}

/** How long a new sandbox lives. @throws BulkheadError FLOOR_VIOLATED */
function lifeOf(caller: Caller, ttlMs: number | undefined): number {
  if (ttlMs === undefined) return Math.min(DEFAULT_TTL_MS, caller.project.floor.maxima.timeMs);
  requireLife(caller, ttlMs);
  return ttlMs;
}

/** Extensions included, a sandbox lives no longer than a program of the project may run. */
function requireLife({ project }: Caller, lifeMs: number): void {
  const { timeMs } = project.floor.maxima;
  if (lifeMs > timeMs)
    throw new BulkheadError("FLOOR_VIOLATED", { detail: `ttlMs: a sandbox lives at most ${timeMs}` });
}

function newRow(
  id: string,
  project: string,
  { level }: EngineSandbox,
  { ttlMs, template }: CreateRequest & { readonly ttlMs: number },
  policyDigest: string,
): SandboxRow {
  const createdAt = Date.now();
  return {
    id,
    project,
    state: "running",
    level,
    template: template ?? null,
    policyDigest,
    createdAt,
    expiresAt: createdAt + ttlMs,
    endedAt: null,
    reason: null,
  };
}
