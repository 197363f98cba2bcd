import { INSIDE } from "../../policy/network/inside.js";
import { ownLoopback } from "../../policy/network/loopback.js";
import type { ResolvedPolicy } from "../../policy/resolved.js";
import type { Inputs } from "../input-types.js";

const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

const PROXY = `http://${INSIDE.address}:${INSIDE.httpPort}`;
const SOCKS = `socks5h://${INSIDE.address}:${INSIDE.socksPort}`;

/**
 * The variables in which programs look for their proxy. Some look for upper case, some for lower case, curl only for
 * lower-case `http_proxy`. `ALL_PROXY` is the HTTP proxy, too: with a SOCKS one, Python's httpx fails if its SOCKS part
 * is not installed.
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
  // From Node 22.21 and 24 on: makes fetch and http use the others.
  NODE_USE_ENV_PROXY: "1",
};

/** Names that a rule makes the host's loopback must go through the proxy; the others stay the sandbox's own. */
function proxiesFor(network: ResolvedPolicy["network"]): Readonly<Record<string, string>> {
  const own = ownLoopback(network).join(",");
  return { ...PROXIES, NO_PROXY: own, no_proxy: own };
}

/** The workload's whole environment: ours, then the image's, then the policy's. It never contains any of the host's. */
export function environmentFor(policy: ResolvedPolicy, inputs: Inputs): Readonly<Record<string, string>> {
  return {
    PATH,
    // The one directory that is certainly writable; an account's home in the root may not even exist.
    HOME: inputs.home,
    USER: inputs.user.name,
    LOGNAME: inputs.user.name,
    LANG: "C.UTF-8",
    ...inputs.image?.env,
    ...(policy.network.kind === "none" ? {} : proxiesFor(policy.network)),
    ...policy.env,
  };
}
