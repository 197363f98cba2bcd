import { type Check, shown } from "../arguments/check.js";
import { abortSignal, type Hints, hostPath, isRecord, object } from "../arguments/values.js";
import { egressOptions } from "../egress/options.js";
import { imageOptions } from "../images/options.js";
import type { Policy } from "../policy/schema.js";
import type { PrepareOptions } from "./prepare/options.js";

/** Options shared by all functions that prepare a policy. */
export const prepareShape = {
  broker: hostPath,
  images: imageOptions,
  signal: abortSignal,
  egress: egressOptions,
} as const;

/** Names that users look for in the options but that belong in the policy. */
export const POLICY_HINTS: Hints = {
  policy: "the policy is the argument before the options",
  time: "the time is `resources.time` of the policy",
  timeout: "the time is `resources.time` of the policy",
  timeoutMs: 'the time is `resources.time` of the policy, such as "30s"',
  memory: "the memory is `resources.memory` of the policy",
  resources: "it is a field of the policy, the argument before",
  level: "it is a field of the policy, the argument before",
  image: "it is a field of the policy, the argument before",
  root: "it is a field of the policy, the argument before",
  network: "it is a field of the policy, the argument before",
  files: "it is a field of the policy, the argument before",
  outputBytes: "the bound of the output is `resources.output` of the policy",
};

export const prepareOptions: Check<PrepareOptions> = object<PrepareOptions>(prepareShape, POLICY_HINTS);

/** Checks that the policy is an object; the policy's schema checks its fields. */
export const policyArgument: Check<Policy> = (value, path, flaws) => {
  if (isRecord(value) && !Array.isArray(value)) return;
  const cure = typeof value === "string" ? " (`loadPolicy` reads a file)" : "";
  flaws.push({ path, message: `must be an object, not ${shown(value)}${cure}` });
};

/**
 * Snapshots a policy, because the caller may change it while we prepare the sandbox. A value that cannot be cloned is
 * not plain data; the schema judges it as it is.
 */
export function policyOfNow(policy: Policy): Policy {
  try {
    return structuredClone(policy);
  } catch {
    return policy;
  }
}
