import { BulkheadError } from "../../../errors/bulkhead-error.js";
import type { Facts } from "../../../host/facts.js";
import type { MissingRequirement } from "../../../host/missing.js";
import type { Trials } from "../../../host/trials.js";
import { type Candidate, candidates, fingerprint, type MonitorName, whyNone } from "./monitors.js";
import type { Trial } from "./remembered.js";

/** The monitor to use, and what its guest's kernel can enforce. */
export interface Choice {
  readonly candidate: Candidate;
  readonly facts: Facts;
}

/** Result of trying one monitor. */
export interface Tried {
  readonly name: MonitorName;
  readonly path: string;
  readonly trial: Trial;
}

export interface Chosen {
  readonly choice: Choice | undefined;
  readonly tried: readonly Tried[];
  readonly missing: readonly MissingRequirement[];
}

/** Boots a guest under a monitor and returns its facts; rejects if it does not boot in time. */
export type TryIt = (candidate: Candidate) => Promise<Facts>;

/**
 * The first monitor under which a guest boots. `guest` identifies kernel and initramfs; `trials` stores the results.
 */
export async function choose(tryIt: TryIt, guest: string, trials: Trials<Trial>, again = false): Promise<Chosen> {
  const tried: Tried[] = [];
  for (const candidate of candidates()) {
    const why = whyNone(candidate);
    if (why !== undefined) {
      // Not stored: the user may install it later.
      tried.push({ name: candidate.name, path: candidate.path, trial: { works: false, why } });
      continue;
    }
    const key = `${candidate.name} ${fingerprint(candidate.path)} ${guest}`;
    const known = again ? undefined : trials.recall(key);
    const { trial, isLasting } =
      known === undefined ? await attempt(candidate, tryIt) : { trial: known, isLasting: true };
    if (isLasting) trials.remember(key, trial);
    tried.push({ name: candidate.name, path: candidate.path, trial });
    if (trial.works) return { choice: { candidate, facts: trial.facts }, tried, missing: [] };
  }
  return { choice: undefined, tried, missing: [missing(tried)] };
}

/** A broker's refusal says nothing about the machine: another broker, or the same one later, may not refuse. */
const OF_THE_BROKER: ReadonlySet<string> = new Set([
  "LIMIT_ABOVE_MAXIMUM",
  "TOO_MANY_SANDBOXES",
  "UID_RANGE_EXHAUSTED",
  "CALLER_REFUSED",
  "BROKER_LOST",
  "BROKER_UNAVAILABLE",
  "BROKER_INCOMPATIBLE",
  "ABORTED",
]);

async function attempt(
  candidate: Candidate,
  tryIt: TryIt,
): Promise<{ readonly trial: Trial; readonly isLasting: boolean }> {
  const began = performance.now();
  try {
    const facts = await tryIt(candidate);
    return { trial: { works: true, facts, bootMs: Math.round(performance.now() - began) }, isLasting: true };
  } catch (error) {
    if (!(error instanceof BulkheadError)) throw error;
    return { trial: { works: false, why: error.message.slice(0, 2000) }, isLasting: !OF_THE_BROKER.has(error.code) };
  }
}

function missing(tried: readonly Tried[]): MissingRequirement {
  const remedy =
    "Install QEMU (`apt-get install qemu-system-x86`; in a checkout `./bulkhead setup microvm`), then run `bulkhead doctor --reprobe`.";
  if (tried.length === 0) return { what: "a virtual machine monitor (QEMU or Firecracker)", remedy };
  const each = tried.map(({ name, trial }) => `${name}: ${trial.works ? "works" : trial.why}`);
  return { what: `a virtual machine monitor that works here (${each.join("; ")})`, remedy };
}
