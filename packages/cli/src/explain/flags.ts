import type { ImageFlags } from "../images/flags.js";
import type { PolicyFlags } from "../policy/flags.js";

export interface ExplainFlags extends PolicyFlags, ImageFlags {
  readonly plan?: boolean;
  readonly planSchema?: boolean;
  readonly why?: boolean;
  readonly against?: string;
  readonly json?: boolean;
  readonly broker?: string;
}
