import { GENERATED_PROFILE } from "../../policy/defaults.js";
import { cannot, enforced, weaker } from "../enforcement.js";
import { assessors } from "./assessor.js";

/** Who the workload is, to the kernel. */
export const identity = assessors({
  "uid-range": (_plan, { facts }) =>
    facts.privileged
      ? enforced("65,536 host uids that no other sandbox or user has")
      : weaker(
          `one uid, mapped to the caller's own (${facts.callerUid})`,
          "outside of the wall the workload would be the caller",
          "Use a broker that runs as root.",
        ),
  capabilities: ({ capabilities }) =>
    capabilities.length === 0
      ? enforced("none held, bounding set empty")
      : weaker(
          `all dropped but ${capabilities.join(", ")}`,
          "the policy leaves them to the workload, within its user namespace",
          "Leave `capabilities` out of the policy.",
        ),
  "no-new-privs": () => enforced("PR_SET_NO_NEW_PRIVS, and every mount nosuid"),
  apparmor: ({ apparmor }, { facts }) => {
    if (!facts.apparmor) {
      return cannot(
        "this kernel does not run AppArmor",
        "Boot a kernel with `apparmor` in its lsm= parameter (Debian's and Ubuntu's have it).",
      );
    }
    if (apparmor === null)
      return cannot(
        "the policy names no profile",
        "Have one made (`apparmor: generated`), or load one and name it: `apparmor: PROFILE`.",
      );
    return enforced(
      apparmor === GENERATED_PROFILE ? "an AppArmor profile made of the policy" : `AppArmor profile ${apparmor}`,
    );
  },
  selinux: ({ selinux }, { facts }) => {
    if (!facts.selinux) {
      return cannot(
        "this kernel does not run SELinux, or does not enforce it",
        "Boot a host whose distribution runs it (Fedora, RHEL and their kin), or leave `selinux` out of the policy.",
      );
    }
    if (selinux === null) return cannot("the policy names no label", "Name one: `selinux: USER:ROLE:TYPE:RANGE`.");
    return enforced(`SELinux label ${selinux}; what it may do is what the host's policy says`);
  },
});
