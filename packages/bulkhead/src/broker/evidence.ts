import { checked } from "../contract/check.js";
import { checkEvidence } from "../contract/generated/control-messages.js";
import { BulkheadError } from "../errors/bulkhead-error.js";
import type { BrokerVerdict, Evidence, ProcessEvidence } from "../evidence/observed.js";

export type { BrokerVerdict, Evidence, ProcessEvidence };

/**
 * @throws BulkheadError BROKER_LOST when it is not of that shape: then the broker is not the one this library was built
 * for.
 */
export function readEvidence(value: unknown): Evidence {
  return checked(
    checkEvidence,
    value,
    (path) => new BulkheadError("BROKER_LOST", { operation: "decode", detail: `evidence${path}` }),
  );
}
