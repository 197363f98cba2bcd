import { enforced } from "../enforcement.js";
import { assessors } from "./assessor.js";

/** What a sandbox could inherit from its caller or leave behind. These hold at every level on every host. */
export const hygiene = assessors({
  "clean-environment": () => enforced("built from nothing; init's own environment is empty"),
  "closed-descriptors": () => enforced("init starts with no descriptor open but its channel"),
  "own-session": () => enforced("a new session and process group, without a host terminal"),
  "own-session-keyring": () => enforced("a new session keyring, and key calls refused"),
  "kill-on-disconnect": ({ cgroup }) =>
    enforced(
      cgroup.version === 0
        ? "the pid namespace ends with init, and init ends with the connection"
        : "the pid namespace ends with init, init ends with the connection, and the broker kills the cgroup",
    ),
});
