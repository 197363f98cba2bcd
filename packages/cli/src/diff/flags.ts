import type { ImageFlags } from "../images/flags.js";
import type { PolicyFlags } from "../policy/flags.js";

export interface DiffFlags extends Omit<PolicyFlags, "level">, ImageFlags {
  readonly level?: readonly string[];
  readonly json?: boolean;
  readonly broker?: string;
}
