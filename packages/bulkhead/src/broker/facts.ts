import { checkFacts, type Facts } from "../contract/generated/control-messages.js";

/** Whether a broker's `facts` have exactly the fields that this library knows. */
export function isFacts(value: unknown): value is Facts {
  return checkFacts(value) === undefined;
}
