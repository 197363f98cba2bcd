import type { HostReport } from "../host/report.js";
import type { ResolvedPolicy } from "../policy/resolved.js";
import type { Inputs } from "./input-types.js";

/** Looks up on this host what the policy names. Throws ROOT_INVALID, FILES_INVALID, USER_UNKNOWN, SETUP_MISSING, IMAGE_*. */
export declare function gatherInputs(policy: ResolvedPolicy, host: HostReport): Promise<Inputs>;
