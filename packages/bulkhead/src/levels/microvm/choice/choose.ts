import { BulkheadError } from "../../../errors/bulkhead-error.js";
import type { Facts } from "../../../host/facts.js";
import type { Missing } from "../../../host/requirements.js";
import type { Trials } from "../../../host/trials.js";
import { type Candidate, candidates, fingerprint, type MonitorName, whyNone } from "./monitors.js";
import type { Trial } from "./remembered.js";

/** The monitor that will be used, and what its guest's kernel can enforce. */
export interface Choice {
  readonly candidate: Candidate;
  readonly facts: Facts;
}

/** What came of trying one monitor. */
export interface Tried {
  readonly name: MonitorName;
  readonly path: string;
  readonly trial: Trial;
}

export interface Chosen {
  readonly choice: Choice | undefined;
  readonly tried: readonly Tried[];
  readonly missing: readonly Missing[];
}

/** Boots a guest under a monitor, and gives its facts; rejects when it did not come up in time. */
export type TryIt = (candidate: Candidate) => Promise<Facts>;

/** The first monitor under which a guest boots. `guest` names kernel and initramfs; `trials` keeps what was found. */
export async function choose(tryIt: TryIt, guest: string, trials: Trials<Trial>, again = false): Promise<Chosen> {
  const tried: Tried[] = [];
  for (const candidate of candidates()) {
    const why = whyNone(candidate);
    if (why !== undefined) {
      // Not remembered: it may be put there.
      tried.push({ name: candidate.name, path: candidate.path, trial: { works: false, why } });
      continue;
    }
    const key = `${candidate.name} ${fingerprint(candidate.path)} ${guest}`;
    const trial = (again ? undefined : trials.recall(key)) ?? (await attempt(candidate, tryIt));
    trials.remember(key, trial);
    tried.push({ name: candidate.name, path: candidate.path, trial });
    if (trial.works) return { choice: { candidate, facts: trial.facts }, tried, missing: [] };
  }
  return { choice: undefined, tried, missing: [missing(tried)] };
}

async function attempt(candidate: Candidate, tryIt: TryIt): Promise<Trial> {
  const began = performance.now();
  try {
    const facts = await tryIt(candidate);
    return { works: true, facts, bootMs: Math.round(performance.now() - began) };
  } catch (error) {
    if (!(error instanceof BulkheadError)) throw error;
    return { works: false, why: error.message.slice(0, 2000) };
  }
}

function missing(tried: readonly Tried[]): Missing {
  const remedy = "`./bulkhead setup microvm`, then `bulkhead doctor --reprobe`.";
  if (tried.length === 0) return { what: "a virtual machine monitor (QEMU or Firecracker)", remedy };
  const each = tried.map(({ name, trial }) => `${name}: ${trial.works ? "works" : trial.why}`);
  return { what: `a virtual machine monitor that works here (${each.join("; ")})`, remedy };
}
