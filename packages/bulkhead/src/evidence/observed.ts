/** What was in force, as the broker saw it (`docs/control.md`). Never anything that init said. */
export type { Evidence, Process as ProcessEvidence } from "../contract/generated/control-messages.js";
