import { enforced } from "../enforcement.js";
import { assessors } from "./assessor.js";

/** What leaks in when nobody thinks of it, and what stays behind. These hold at every level on every host. */
export const hygiene = assessors({
  "clean-environment": () => enforced("built from nothing; init has none at all"),
  "closed-descriptors": () => enforced("init starts with its channel and nothing else open"),
  "own-session": () => enforced("a session and process group of its own, no terminal of the host's"),
  "own-session-keyring": () => enforced("a new session keyring, and key calls refused"),
  "kill-on-disconnect": ({ cgroup }) =>
    enforced(
      cgroup.version === 0
        ? "the end of init ends its pid namespace, and init ends with the connection"
        : "the end of init ends its pid namespace, init ends with the connection, and the cgroup is killed",
    ),
});
