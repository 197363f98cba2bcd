import type { Protection } from "../policy/protections.js";
import type { AttemptClass } from "./attempt.js";

/** Result of one attempt. */
export interface AttemptResult {
  readonly class: AttemptClass | "evidence";
  readonly title: string;
  readonly protection: Protection;
  readonly cve: string | null;
  /**
   * `held`; `failed`: it succeeded although the table says it cannot; `unclaimed`: it succeeded, and the table never
   * said otherwise.
   */
  readonly status: "held" | "failed" | "unclaimed";
  /** How the attempt was stopped, or what it gained. */
  readonly detail: string;
}
