import type { Explanation } from "bulkhead";
import type { Caller } from "../tenants/tokens.js";
import { choosePolicy, type PolicyChoice } from "./choice.js";
import type { Core } from "./core.js";
import { Executions } from "./executions.js";
import { SandboxFiles } from "./files.js";
import { Pools } from "./pools.js";
import { ProjectTemplates } from "./project-templates.js";
import { Runs } from "./runs.js";
import { Sandboxes } from "./sandboxes.js";
import { Tenancy } from "./tenancy.js";

/** What a tenant may do, whatever protocol asks for it: HTTP now, E2B's and MCP later. */
export class Platform {
  readonly core: Core;
  readonly sandboxes: Sandboxes;
  readonly executions: Executions;
  readonly pools: Pools;
  readonly templates: ProjectTemplates;
  readonly runs: Runs;
  readonly files: SandboxFiles;
  readonly tenancy: Tenancy;

  constructor(core: Core) {
    this.core = core;
    this.sandboxes = new Sandboxes(core, (id) => this.executions.forget(id));
    this.executions = new Executions(core, this.sandboxes);
    this.pools = new Pools(core);
    this.templates = new ProjectTemplates(core, this.pools);
    this.runs = new Runs(core, this.pools);
    this.files = new SandboxFiles(core, this.sandboxes);
    this.tenancy = new Tenancy(core);
  }

  /** What the policy means on this host, within the floor of the caller's project. Starts nothing. */
  async explain(caller: Caller, choice: PolicyChoice): Promise<Explanation> {
    this.core.work.requireOpen();
    return await this.core.engine.explain((await choosePolicy(this.core, caller, choice, "sandbox")).policy);
  }

  /** Accepts no new work, waits for what is in progress for at most `graceMs`, and ends every sandbox. */
  async stop(graceMs: number): Promise<void> {
    this.core.work.stop();
    const waited = new AbortController();
    const grace = new Promise((resolve) => {
      const timer = setTimeout(resolve, graceMs);
      waited.signal.addEventListener("abort", () => clearTimeout(timer));
    });
    await Promise.race([this.core.work.settled(), grace]);
    waited.abort();
    this.core.work.abort();
    await this.sandboxes.endAll();
    await this.core.work.settled();
    // Those that were created meanwhile.
    await this.sandboxes.endAll();
    await this.pools.closeAll();
  }
}
