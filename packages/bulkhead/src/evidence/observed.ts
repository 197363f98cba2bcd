/** What was in force, as the broker saw it and judged it (`docs/control.md`). Never anything that init said. */
export type {
  Evidence,
  Process as ProcessEvidence,
  Verdict as BrokerVerdict,
} from "../contract/generated/control-messages.js";
