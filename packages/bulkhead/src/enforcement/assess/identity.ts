import { GENERATED_PROFILE } from "../../policy/defaults.js";
import { cannot, enforced, weaker } from "../enforcement.js";
import { assessors } from "./assessor.js";

/** The workload's identity and privileges in the kernel. */
export const identity = assessors({
  "uid-range": (_plan, { facts }) =>
    facts.privileged
      ? enforced("65,536 host uids that no other sandbox or user has")
      : weaker(
          `one uid, mapped to the caller's (${facts.callerUid})`,
          "a workload that escapes has the caller's uid",
          "Use a broker that runs as root.",
        ),
  capabilities: ({ capabilities }) =>
    capabilities.length === 0
      ? enforced("none held, bounding set empty")
      : weaker(
          `all dropped but ${capabilities.join(", ")}`,
          "the policy grants them to the workload, within its user namespace",
          "Leave `capabilities` out of the policy.",
        ),
  "no-new-privs": () => enforced("PR_SET_NO_NEW_PRIVS, and every mount nosuid"),
  apparmor: ({ apparmor }, { facts }) => {
    if (!facts.apparmor) {
      return cannot(
        "this kernel does not run AppArmor",
        "Boot a kernel with `apparmor` in its lsm= parameter (Debian and Ubuntu kernels include AppArmor).",
      );
    }
    if (apparmor === null)
      return cannot(
        "the policy names no profile",
        "Let Bulkhead generate one (`apparmor: generated`), or load one and name it: `apparmor: PROFILE`.",
      );
    return enforced(
      apparmor === GENERATED_PROFILE ? "an AppArmor profile generated from the policy" : `AppArmor profile ${apparmor}`,
    );
  },
  selinux: ({ selinux }, { facts }) => {
    if (!facts.selinux) {
      return cannot(
        "this kernel does not run SELinux, or does not enforce it",
        "Boot a host whose distribution runs it (Fedora, RHEL and their derivatives), or leave `selinux` out of the policy.",
      );
    }
    if (selinux === null) return cannot("the policy names no label", "Name one: `selinux: USER:ROLE:TYPE:RANGE`.");
    return enforced(`SELinux label ${selinux}; the host's SELinux policy decides what it allows`);
  },
});
