import { INSIDE } from "../../policy/network/inside.js";
import { ownLoopback } from "../../policy/network/loopback.js";
import type { ResolvedPolicy } from "../../policy/resolved.js";
import type { Inputs } from "../input-types.js";

const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

const PROXY = `http://${INSIDE.address}:${INSIDE.httpPort}`;
const SOCKS = `socks5h://${INSIDE.address}:${INSIDE.socksPort}`;

/**
 * What programs call their proxy. Some look for capitals, some for small letters, curl for `http_proxy` in small ones only. `ALL_PROXY` is the
 * HTTP one, too: with a SOCKS one there, Python's httpx fails where its SOCKS part is not installed.
 */
const PROXIES: Readonly<Record<string, string>> = {
  HTTP_PROXY: PROXY,
  http_proxy: PROXY,
  HTTPS_PROXY: PROXY,
  https_proxy: PROXY,
  ALL_PROXY: PROXY,
  all_proxy: PROXY,
  SOCKS_PROXY: SOCKS,
  socks_proxy: SOCKS,
  // From Node 22.21 and 24 on: makes fetch and http look at the others.
  NODE_USE_ENV_PROXY: "1",
};

/** What is the host's loopback by a rule has to be asked of the proxy; what is left is the sandbox's own. */
function proxiesFor(network: ResolvedPolicy["network"]): Readonly<Record<string, string>> {
  const own = ownLoopback(network).join(",");
  return { ...PROXIES, NO_PROXY: own, no_proxy: own };
}

/** The workload's whole environment: ours, then the image's, then the policy's. Nothing of the host's is ever in it. */
export function environmentFor(policy: ResolvedPolicy, inputs: Inputs): Readonly<Record<string, string>> {
  return {
    PATH,
    // The one place that is sure to be writable; an account's home in the root may not even exist.
    HOME: inputs.home,
    USER: inputs.user.name,
    LOGNAME: inputs.user.name,
    LANG: "C.UTF-8",
    ...inputs.image?.env,
    ...(policy.network.kind === "none" ? {} : proxiesFor(policy.network)),
    ...policy.env,
  };
}
