import { entries } from "../entry.js";

/** A sandbox that ran, and what was asked of it. */
export const sandboxCodes = entries({
  VERIFY_FAILED: {
    fault: "system",
    cause: "the self-test cannot tell anything: what must get through did not",
    remedy: "See what the probe said; `bulkhead run -- true` must work at this level.",
  },
  SURFACE_FAILED: {
    fault: "system",
    cause: "what can be reached could not be measured",
    remedy: "See `detail` for what the probe said; `bulkhead run -- true` must work at this level.",
  },
  DIFF_WRITES_HOST: {
    fault: "user",
    cause:
      "a job that is run twice may not write to a directory of the host: the second run would not start where the first did",
    remedy: "Mount it read-only, and let the job write to a tmpfs.",
  },
  WRITE_BACK_LOST: {
    fault: "system",
    cause:
      "the sandbox ended before what it changed in a writable host directory could be read, so the host's directory is as it was",
    remedy:
      "Give it more time or memory: what is killed is not read any more. A `Sandbox` is written back by `writeBack()`, and when it is disposed of; `kill()` does not.",
  },
  WRITE_BACK_FAILED: {
    fault: "user",
    cause: "what the sandbox changed in a writable host directory could not all be written there",
    remedy:
      "See the path and detail: unless all of it can be read nothing is written. Make room or way on the host, change less, or use level container.",
  },
  SANDBOX_LOST: {
    fault: "system",
    cause: "the sandbox ended before the operation did",
    remedy: "Look at the limits: memory used up kills what is inside. Otherwise its init failed, or it was killed.",
  },
  SANDBOX_CLOSED: {
    fault: "user",
    cause: "the sandbox is closed",
    remedy: "Create another one: a closed sandbox cannot be used again.",
  },
  POOL_CLOSED: {
    fault: "user",
    cause: "the pool is closed",
    remedy: "Make another one by `Pool.create`: a closed pool cannot be used again.",
  },
  POOL_UNSUITABLE: {
    fault: "user",
    cause: "sandboxes of this policy cannot be made ahead",
    remedy: "Use `run` or `Sandbox.create`, or a policy without host directories in `files` and `root` at this level.",
  },
  PROTOCOL_VIOLATION: {
    fault: "workload",
    cause: "the inside of the sandbox broke the protocol, so the sandbox was killed",
    remedy: "Treat the workload as hostile: its init was made to say what init never says.",
  },
  OUTPUT_NOT_KEPT: {
    fault: "user",
    cause: "the output of this sandbox is not kept where others can ask for it",
    remedy:
      "Ask the program that made it. `bulkhead run` keeps the last of its output after a tenth of a second, but not with --json.",
  },
  ABORTED: { fault: "user", cause: "the caller aborted the operation", remedy: "No action needed." },
  TIMED_OUT: {
    fault: "workload",
    cause: "the operation took longer than the time it was given",
    remedy: "Raise `timeoutMs` or `resources.time`, or give it less to do.",
  },
  OUTPUT_LIMIT: {
    fault: "workload",
    cause: "more output was produced than is kept",
    remedy: "Raise `resources.output`, or stream the output instead of collecting it.",
  },
  REQUEST_INVALID: {
    fault: "system",
    cause: "init did not understand the request",
    remedy: "The library and the warden are of different versions: run `./bulkhead setup`.",
  },
  NETWORK_FIXED: {
    fault: "user",
    cause: "the sandbox was made without a network, and has nothing inside that could use one",
    remedy: "Make it with `network: { allow: [] }`, which allows nothing yet, and change that later.",
  },
  PORT_UNAVAILABLE: {
    fault: "user",
    cause: "the host's port, to which a port inside was to be connected, cannot be listened on",
    remedy: "Choose another one, or leave the choice to the system with port 0.",
  },
  LISTEN_FAILED: {
    fault: "workload",
    cause: "what has to listen inside the sandbox cannot: its port is taken, or its address is not there",
    remedy: "Leave ports 53, 1080 and 3128 of 127.0.0.1 inside to Bulkhead when the policy allows egress.",
  },
  CONNECT_FAILED: {
    fault: "workload",
    cause: "nothing inside accepts connections on that port",
    remedy: "Start the program that listens there, on 127.0.0.1 or on every address, before connecting to it.",
  },
  TOO_MANY_OPERATIONS: {
    fault: "user",
    cause: "64 operations are under way in the sandbox already",
    remedy: "Wait for some to end.",
  },
  COMMAND_MISSING: {
    fault: "user",
    cause: "there is no program to run: none was given, and the image, if there is one, names none",
    remedy: "Give a program and its arguments, or use an image that has an ENTRYPOINT or a CMD.",
  },
  EXEC_NOT_FOUND: {
    fault: "workload",
    cause: "the program was not found in the sandbox",
    remedy: "Check its name, the PATH given, and that the root holds it.",
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
    cause: "this sandbox cannot switch users",
    remedy: "Set `user` in the policy, or use level container with a broker that runs as root.",
  },
  CWD_UNAVAILABLE: {
    fault: "user",
    cause: "the working directory cannot be entered",
    remedy:
      "Create it in the root, mount something there (`files`), or choose another `workdir`. When only root may enter it (EACCES), ask for root by `user: 0`, or `--user 0`.",
  },
});
