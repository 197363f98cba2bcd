import { entries } from "../entry.js";

/** Running sandboxes, and operations on them. */
export const sandboxCodes = entries({
  VERIFY_FAILED: {
    fault: "system",
    cause: "the self-test is inconclusive: an operation that must succeed failed",
    remedy: "Read the probe's message, and check that `bulkhead run -- true` works at this level.",
  },
  SURFACE_FAILED: {
    fault: "system",
    cause: "the attack surface could not be measured",
    remedy: "Read the probe's message in `detail`, and check that `bulkhead run -- true` works at this level.",
  },
  DIFF_WRITES_HOST: {
    fault: "user",
    cause:
      "a job that runs twice may not write to a host directory: the second run would start from the first one's changes",
    remedy: "Mount the directory read-only, and let the job write to a tmpfs.",
  },
  WRITE_BACK_LOST: {
    fault: "system",
    cause:
      "the sandbox ended before Bulkhead could read its changes to a writable host directory, so the directory is unchanged",
    remedy:
      "Give the sandbox more time or memory: Bulkhead cannot read the changes of a killed one. Call `writeBack()` or dispose of the `Sandbox` to write its changes; `kill()` discards them.",
  },
  WRITE_BACK_FAILED: {
    fault: "user",
    cause: "some of the sandbox's changes to a writable host directory could not be written there",
    remedy:
      "Check the path and detail; Bulkhead writes nothing unless it can read every change. Free disk space or remove the conflicting path on the host, write less, or use level `container`.",
  },
  SANDBOX_LOST: {
    fault: "system",
    cause: "the sandbox ended before the operation did",
    remedy:
      "Check the limits: the kernel kills a sandbox that exhausts its memory. Otherwise its init failed, or the sandbox was killed.",
  },
  SANDBOX_CLOSED: {
    fault: "user",
    cause: "the sandbox is closed",
    remedy: "Create another sandbox: a closed one cannot be used again.",
  },
  POOL_CLOSED: {
    fault: "user",
    cause: "the pool is closed",
    remedy: "Create another pool with `Pool.create`: a closed one cannot be used again.",
  },
  POOL_UNSUITABLE: {
    fault: "user",
    cause: "a pool cannot create sandboxes of this policy ahead of use",
    remedy: "Use `run` or `Sandbox.create`, or a policy without host directories in `files` and `root` at this level.",
  },
  PROTOCOL_VIOLATION: {
    fault: "workload",
    cause: "the sandbox violated the channel's protocol, so Bulkhead killed it",
    remedy: "Treat the workload as hostile: its init sent a message that init never sends.",
  },
  OUTPUT_NOT_KEPT: {
    fault: "user",
    cause: "this sandbox's output is not available to other processes",
    remedy:
      "Read it from the program that created the sandbox. `bulkhead run` keeps the end of its output after a tenth of a second, but not with --json.",
  },
  ABORTED: { fault: "user", cause: "the caller aborted the operation", remedy: "No action needed." },
  TIMED_OUT: {
    fault: "workload",
    cause: "the operation exceeded its time limit",
    remedy: "Raise `timeoutMs` or `resources.time`, or do less in one operation.",
  },
  OUTPUT_LIMIT: {
    fault: "workload",
    cause: "the program produced more output than Bulkhead keeps",
    remedy: "Raise `resources.output`, or stream the output instead of collecting it.",
  },
  REQUEST_INVALID: {
    fault: "system",
    cause: "init did not understand the request",
    remedy: "Run `./bulkhead setup`: the library and the warden have different versions.",
  },
  NETWORK_FIXED: {
    fault: "user",
    cause: "the sandbox was created without a network, and has no proxy inside that could use one",
    remedy: "Create it with `network: { allow: [] }`, which allows nothing yet, and change the rules later.",
  },
  PORT_UNAVAILABLE: {
    fault: "user",
    cause: "Bulkhead cannot listen on the host port that a sandbox's port is exposed on",
    remedy: "Choose another port, or let the kernel choose with port 0.",
  },
  LISTEN_FAILED: {
    fault: "workload",
    cause: "a proxy cannot listen inside the sandbox: its port is in use, or its address does not exist",
    remedy: "Keep ports 53, 1080 and 3128 of 127.0.0.1 inside free for Bulkhead when the policy allows egress.",
  },
  CONNECT_FAILED: {
    fault: "workload",
    cause: "no program inside accepts connections on that port",
    remedy: "Start the program that listens there, on 127.0.0.1 or on every address, before you connect.",
  },
  TOO_MANY_OPERATIONS: {
    fault: "user",
    cause: "64 operations are already in progress in the sandbox",
    remedy: "Wait for some to complete.",
  },
  COMMAND_MISSING: {
    fault: "user",
    cause: "no program to run: the caller gave none, and the image, if any, names none",
    remedy: "Give a program and its arguments, or use an image that has an ENTRYPOINT or a CMD.",
  },
  EXEC_NOT_FOUND: {
    fault: "workload",
    cause: "the program was not found in the sandbox",
    remedy: "Check its name, the PATH given, and that the root contains it.",
  },
  EXEC_NOT_EXECUTABLE: {
    fault: "workload",
    cause: "the program cannot be executed in the sandbox",
    remedy: "Check its permission bits, its format and architecture, and that its mount is not noexec.",
  },
  EXEC_FAILED: {
    fault: "workload",
    cause: "the program could not be started in the sandbox",
    remedy: "See the errno: a limit of `resources` (memory, pids, openFiles) may be used up.",
  },
  EXEC_USER_FIXED: {
    fault: "user",
    cause: "this sandbox cannot run a program as another user",
    remedy: "Set `user` in the policy, or use level container with a broker that runs as root.",
  },
  CWD_UNAVAILABLE: {
    fault: "user",
    cause: "the working directory cannot be entered",
    remedy:
      "Create it in the root, mount something there (`files`), or choose another `workdir`. If only root may enter it (EACCES), run as root with `user: 0`, or `--user 0`.",
  },
});
