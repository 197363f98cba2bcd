import type { ImageFlags } from "../images/flags.js";
import type { PolicyFlags } from "../policy/flags.js";

export interface LearnFlags extends PolicyFlags, ImageFlags {
  readonly out: string;
  readonly runs: string;
  readonly add?: boolean;
  readonly check?: boolean;
  readonly json?: boolean;
  readonly broker?: string;
}
