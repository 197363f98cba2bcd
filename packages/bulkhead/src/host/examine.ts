import { adviceFor } from "./examine/advice.js";
import { type KvmFinding, lookAtKvm } from "./examine/kvm.js";
import { findTools, type HostProgram } from "./examine/tools.js";
import { type LevelAvailability, levelAvailability } from "./levels.js";
import type { MissingRequirement } from "./missing.js";
import { type OwnPart, ownParts } from "./own-parts.js";
import type { HostReport } from "./report.js";
import { type FoundSurroundings, surroundings } from "./surroundings.js";

/** The host report, plus findings that take longer: the content of `bulkhead doctor`. */
export interface Examination {
  readonly report: HostReport;
  readonly levels: readonly LevelAvailability[];
  /** The containers and the kind of machine around this process. */
  readonly surroundings: readonly FoundSurroundings[];
  readonly kvm: KvmFinding;
  readonly tools: readonly HostProgram[];
  /** Bulkhead's own processes that parse hostile input, as this process would start them. */
  readonly ownParts: readonly OwnPart[];
  /** Improvements that would make sandboxes here stronger, with instructions. */
  readonly advice: readonly MissingRequirement[];
}

/** Looks for tools and examines KVM. Starts nothing but the tools' own `--version`. */
export async function examineHost(report: HostReport): Promise<Examination> {
  const [kvm, tools] = await Promise.all([lookAtKvm(), findTools()]);
  return {
    report,
    levels: levelAvailability(report),
    surroundings: surroundings(),
    kvm,
    tools,
    ownParts: ownParts(report.facts),
    advice: adviceFor(report),
  };
}
