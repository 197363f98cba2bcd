import { entries } from "../entry.js";

/** Services of several components. */
export const serviceCodes = entries({
  SERVICE_UNREADABLE: {
    fault: "user",
    cause: "the service file cannot be read",
    remedy: "Name a readable file of at most 256 KiB: `--file FILE`. The default is ./bulkhead.yaml.",
  },
  SERVICE_SYNTAX: {
    fault: "user",
    cause: "the service file is not valid YAML or JSON",
    remedy: "Fix the syntax at each place named. Write values out: anchors and aliases are not supported.",
  },
  SERVICE_INVALID: {
    fault: "user",
    cause: "the service file is not valid",
    remedy: "Fix each line listed. `bulkhead service schema` prints the JSON Schema for editors.",
  },
  SERVICE_RUNNING: {
    fault: "user",
    cause: "a service of this name already runs",
    remedy: "Stop it with `bulkhead down`, or choose another `name`.",
  },
  SERVICE_NOT_RUNNING: {
    fault: "user",
    cause: "no service of this name runs",
    remedy: "Start it with `bulkhead up`, as the same user.",
  },
  SERVICE_NOT_INSTALLED: {
    fault: "user",
    cause: "no systemd unit was installed for a service of this name",
    remedy: "See `bulkhead service list`, as the user who installed it.",
  },
  SERVICE_MANAGER_FAILED: {
    fault: "system",
    cause: "systemd refused or failed",
    remedy:
      "Fix what the detail and `journalctl --unit UNIT` say (`--user-unit` without root), then repeat the command.",
  },
  SERVICE_ENDED: {
    fault: "user",
    cause: "the service has ended",
    remedy: "Start it again: a service that ended cannot be used.",
  },
  SERVICE_BLAST: {
    fault: "user",
    cause: "a component that an attacker takes over would reach more than the given maximum",
    remedy:
      "Remove a `uses`, a mount or a secret that `bulkhead blast` lists, choose a stronger level, or raise the maximum.",
  },
  SERVICE_ROLLED_BACK: {
    fault: "user",
    cause: "the changed service did not become ready, so what ran before was started again",
    remedy: "Read the detail and the component's output (`bulkhead service logs`), and fix the file.",
  },
  COMPONENT_UNKNOWN: {
    fault: "user",
    cause: "the service has no component of this name",
    remedy: "Name one that `bulkhead service ps` lists.",
  },
  COMPONENT_NOT_READY: {
    fault: "workload",
    cause: "a component did not become ready",
    remedy: "Read its output (`bulkhead service logs`), check what `ready` waits for, or raise `ready.timeout`.",
  },
  COMPONENT_NOT_RUNNING: {
    fault: "user",
    cause: "the component does not run",
    remedy: "Start it with `bulkhead service start`, or wait until it has restarted.",
  },
});
