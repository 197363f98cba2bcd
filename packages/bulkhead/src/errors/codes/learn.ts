import { entries } from "../entry.js";

/** Errors of `learn`. */
export const learnCodes = entries({
  LEARN_FAILED: {
    fault: "workload",
    cause: "the program's system calls could not be observed",
    remedy:
      "Learn at level container or chroot (gVisor has no seccomp listener), and read the observer's message in `detail`. A program that kills the observer cannot be learned from.",
  },
});
