import { join } from "node:path";
import { isFacts } from "../../../broker/facts.js";
import { isObject } from "../../../channel/json.js";
import type { Facts } from "../../../host/facts.js";
import { Trials } from "../../../host/trials.js";

/** Result of trying a monitor. */
export type Trial =
  | { readonly works: true; readonly facts: Facts; readonly bootMs: number }
  | { readonly works: false; readonly why: string };

/** Results of trying monitors, stored in `directory`. */
export function monitorTrials(directory: string): Trials<Trial> {
  return new Trials(join(directory, "monitors.json"), isTrial);
}

function isTrial(value: unknown): value is Trial {
  if (!isObject(value)) return false;
  return value["works"] === true
    ? isFacts(value["facts"]) && typeof value["bootMs"] === "number"
    : value["works"] === false && typeof value["why"] === "string";
}
