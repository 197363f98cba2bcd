import { BulkheadError } from "bulkhead";
import type { Project, TokenRow } from "../store/store.js";
import { type Floor, floorSchema } from "../tenants/floor.js";
import { type QuotaLimits, quotaSchema } from "../tenants/quotas.js";
import { requireScope, type Scope } from "../tenants/scopes.js";
import { type Caller, makeToken } from "../tenants/tokens.js";
import { audited, type Core } from "./core.js";
import { freshId } from "./ids.js";

export interface NewProject {
  readonly organisation: string;
  readonly name: string;
  readonly floor?: Floor | undefined;
  readonly quotas?: QuotaLimits | undefined;
}

export interface TokenRequest {
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly expiresInMs?: number | undefined;
  /** Another project than the caller's: for the operator. */
  readonly project?: string | undefined;
}

export interface IssuedToken {
  readonly row: TokenRow;
  /** The token itself; the server keeps only its hash. */
  readonly text: string;
}

/** Tokens of one project, those that have ended included: a list holds all of them. */
const MAX_TOKENS = 1000;

/** Projects and their tokens. */
export class Tenancy {
  readonly #core: Core;

  constructor(core: Core) {
    this.#core = core;
  }

  async createProject(caller: Caller, { organisation, name, floor, quotas }: NewProject): Promise<Project> {
    const id = freshId("prj");
    return await audited(this.#core, caller, { action: "project.create", target: id }, async () => {
      const all = await this.#core.store.projects();
      if (all.some((each) => each.organisation === organisation && each.name === name)) {
        throw new BulkheadError("API_REQUEST_INVALID", { detail: "name: the organisation has a project of this name" });
      }
      const project = newProject(id, { organisation, name, floor, quotas });
      await this.#core.store.addProject(project);
      return project;
    });
  }

  async projects(): Promise<readonly Project[]> {
    return await this.#core.store.projects();
  }

  /**
   * Makes a token of the caller's project, with no scope that the caller lacks, and that lasts no longer than the
   * caller's; an operator may choose the project.
   * @throws BulkheadError SCOPE_MISSING, API_NOT_FOUND, QUOTA_EXCEEDED
   */
  async createToken(caller: Caller, request: TokenRequest): Promise<IssuedToken> {
    const { name, scopes, expiresInMs, project = caller.project.id } = request;
    for (const scope of scopes) requireScope(caller.scopes, scope);
    if (project !== caller.project.id) {
      requireScope(caller.scopes, "projects:write");
      if ((await this.#core.store.project(project)) === undefined) {
        throw new BulkheadError("API_NOT_FOUND", { detail: "project" });
      }
    }
    const now = Date.now();
    const expiresAt = earlierOf(caller.expiresAt, expiresInMs === undefined ? null : now + expiresInMs);
    await this.#requireRoom(project, now);
    const { text, row } = makeToken({ project, name, scopes, expiresAt }, now);
    return await audited(this.#core, caller, { action: "token.create", target: row.id }, async () => {
      await this.#core.store.addToken(row);
      return { row, text };
    });
  }

  /** Tokens that have ended give way to new ones. @throws BulkheadError QUOTA_EXCEEDED */
  async #requireRoom(project: string, now: number): Promise<void> {
    const { store } = this.#core;
    if ((await store.tokens(project)).length < MAX_TOKENS) return;
    await store.forgetEndedTokens(project, now);
    if ((await store.tokens(project)).length >= MAX_TOKENS) {
      throw new BulkheadError("QUOTA_EXCEEDED", { detail: `tokens is ${MAX_TOKENS}` });
    }
  }

  async tokens({ project }: Caller): Promise<readonly TokenRow[]> {
    return await this.#core.store.tokens(project.id);
  }

  /** @throws BulkheadError API_NOT_FOUND */
  async revokeToken(caller: Caller, id: string): Promise<void> {
    await audited(this.#core, caller, { action: "token.revoke", target: id }, async () => {
      const isThere = await this.#core.store.revokeToken(caller.project.id, id, Date.now());
      if (!isThere) throw new BulkheadError("API_NOT_FOUND", { detail: "token" });
    });
  }
}

/** Of two times, where null is never. */
function earlierOf(one: number | null, other: number | null): number | null {
  if (one === null || other === null) return one ?? other;
  return Math.min(one, other);
}

export function newProject(id: string, { organisation, name, floor, quotas }: NewProject): Project {
  return {
    id,
    organisation,
    name,
    floor: floor ?? floorSchema.parse({}),
    quotas: quotas ?? quotaSchema.parse({}),
    createdAt: Date.now(),
  };
}
