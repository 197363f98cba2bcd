import type { Payload, RootSource } from "../contract/generated/plan.js";

/**
 * The plan, as the warden's types describe it: `npm run generate` writes them down. The warden alone judges a plan;
 * what the library compiles is one that it accepts, which a test asks the warden's own code.
 */
export type {
  Cgroup,
  Landlock,
  Limits,
  Mount,
  Owner,
  Payload,
  Plan,
  Root,
  Seccomp,
} from "../contract/generated/plan.js";

export type RootDirectory = Extract<RootSource, { kind: "directory" }>;
export type Program = Extract<Payload, { kind: "program" }>;
