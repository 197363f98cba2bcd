import { BulkheadError, type Policy } from "bulkhead";
import type { TemplateRow } from "../store/store.js";
import { boundPolicy } from "../tenants/bounded.js";
import type { Caller } from "../tenants/tokens.js";
import { audited, type Core } from "./core.js";
import type { Pools } from "./pools.js";

export interface TemplateRequest {
  readonly policy: Policy;
  /** Ready sandboxes; 0: none. */
  readonly pool: number;
}

const MAX_TEMPLATES = 100;

/** Policies that tenants gave a name, with the number of sandboxes that stand ready for it. */
export class ProjectTemplates {
  readonly #core: Core;
  readonly #pools: Pools;

  constructor(core: Core, pools: Pools) {
    this.#core = core;
    this.#pools = pools;
  }

  /** @throws BulkheadError FLOOR_VIOLATED, POLICY_INVALID, QUOTA_EXCEEDED, API_REQUEST_INVALID */
  async put(caller: Caller, name: string, { policy, pool }: TemplateRequest): Promise<TemplateRow> {
    const { store, templates } = this.#core;
    const project = caller.project.id;
    // The store would keep their values, which a thief of the database must not find.
    if (policy.secrets !== undefined) throw invalid("policy.secrets: a template is stored, so it has none");
    const { digest } = boundPolicy(policy, caller.project.floor, { isTemplate: false, kind: "run" });
    if (templates.names.includes(name)) throw invalid("name: the operator has a template of this name");
    const known = await store.templates(project);
    if (known.length >= MAX_TEMPLATES && !known.some((each) => each.name === name)) {
      throw new BulkheadError("QUOTA_EXCEEDED", { detail: `templates is ${MAX_TEMPLATES}` });
    }
    const subject = { action: "template.put", target: name, policyDigest: digest };
    return await audited(this.#core, caller, subject, async () => {
      // Two changes have two times, which tell their pools apart.
      const before = await store.template(project, name);
      const createdAt = Math.max(Date.now(), (before?.createdAt ?? 0) + 1);
      const row = { project, name, policy, pool, createdAt };
      await store.putTemplate(row);
      await this.#pools.close(project, name);
      return row;
    });
  }

  async list(project: string): Promise<readonly TemplateRow[]> {
    return await this.#core.store.templates(project);
  }

  /** @throws BulkheadError API_NOT_FOUND */
  async get(project: string, name: string): Promise<TemplateRow> {
    const row = await this.#core.store.template(project, name);
    if (row === undefined) throw new BulkheadError("API_NOT_FOUND", { detail: "template" });
    return row;
  }

  /** Sandboxes that run stay; those that stand ready end. @throws BulkheadError API_NOT_FOUND */
  async remove(caller: Caller, name: string): Promise<void> {
    const project = caller.project.id;
    await this.get(project, name);
    await audited(this.#core, caller, { action: "template.remove", target: name }, async () => {
      await this.#core.store.removeTemplate(project, name);
      await this.#pools.close(project, name);
    });
  }
}

function invalid(detail: string): BulkheadError {
  return new BulkheadError("API_REQUEST_INVALID", { detail });
}
