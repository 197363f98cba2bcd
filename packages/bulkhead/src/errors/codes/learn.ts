import { entries } from "../entry.js";

/** Of `learn`. */
export const learnCodes = entries({
  LEARN_FAILED: {
    fault: "workload",
    cause: "what the program asked of the kernel could not be observed",
    remedy:
      "Learn at level container or chroot (gVisor has no seccomp listener); see `detail` for what the observer said. A program that kills it cannot be learned from.",
  },
});
