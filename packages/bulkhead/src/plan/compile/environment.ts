import type { ResolvedPolicy } from "../../policy/resolved.js";
import type { Inputs } from "../input-types.js";

const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** The workload's whole environment: ours, then the image's, then the policy's. Nothing of the host's is ever in it. */
export function environmentFor(policy: ResolvedPolicy, inputs: Inputs): Readonly<Record<string, string>> {
  return {
    PATH,
    // The one place that is sure to be writable; an account's home in the root may not even exist.
    HOME: inputs.workdir,
    USER: inputs.user.name,
    LOGNAME: inputs.user.name,
    LANG: "C.UTF-8",
    ...inputs.image?.env,
    ...policy.env,
  };
}
