// What the declarations need of Node and of the language, whatever the importing project has configured.
/// <reference types="node" preserve="true" />
/// <reference lib="esnext.disposable" preserve="true" />

/**
 * Policies as documents: parsing, comparing, and what they are made of.
 *
 * @module bulkhead/policy
 */

export { suggest } from "./arguments/suggest.js";
export { comparePlans, comparePolicies, type PlanChange } from "./diff/plans/compare.js";
export {
  type ChangedEnforcement,
  type ChangedField,
  changedEnforcement,
  changedFields,
} from "./enforcement/against.js";
export { PURPOSES } from "./enforcement/purposes.js";
export { planJsonSchema } from "./plan/json-schema.js";
export { DEFAULT_RESOURCES, RUN_TIME_MS } from "./policy/defaults.js";
export { policyJsonSchema } from "./policy/json-schema.js";
export { isAtLeast } from "./policy/level.js";
export { parsePolicyText } from "./policy/load.js";
export { parsePolicy } from "./policy/parse.js";
export { PROTECTIONS } from "./policy/protections.js";
export type { ResolvedPolicy } from "./policy/resolved.js";
export { parseSize } from "./policy/units.js";
export { levelOf } from "./sandbox/explain.js";
export type { BuiltIn } from "./syscalls/built-in.js";
export { exportProfile } from "./syscalls/export.js";
export type { OciProfile } from "./syscalls/oci.js";
