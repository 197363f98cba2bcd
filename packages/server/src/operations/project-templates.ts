import { BulkheadError, type Policy } from "bulkhead";
import type { TemplateEntry, TemplateRow } from "../store/store.js";
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
/** Of a policy as JSON: a run reads the whole of it. */
const POLICY_BYTES = 64 * 1024;

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
    if (Buffer.byteLength(JSON.stringify(policy)) > POLICY_BYTES) {
      throw invalid(`policy: that of a template has at most ${POLICY_BYTES} bytes of JSON`);
    }
    const { digest, memoryBytes } = boundPolicy(policy, caller.project.floor, { isTemplate: false, kind: "run" });
    if (templates.has(name)) throw invalid("name: the operator has a template of this name");
    // A run in the pool counts as well.
    const { quotas } = caller.project;
    if (pool > 0 && pool + 1 > quotas.sandboxes) throw invalid(`pool: the quota for sandboxes is ${quotas.sandboxes}`);
    if (pool > 0 && (pool + 1) * memoryBytes > quotas.memoryBytes) {
      throw invalid(
        `pool: the quota for memoryBytes is ${quotas.memoryBytes}, and each sandbox may have ${memoryBytes}`,
      );
    }
    if ((await store.countOtherTemplates(project, name)) >= MAX_TEMPLATES) {
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

  async list(project: string): Promise<readonly TemplateEntry[]> {
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
