import { lstatSync, readdirSync, readlinkSync, realpathSync } from "node:fs";
import { isWithin } from "../../../policy/paths.js";
import type { HostRoot } from "../../input-types.js";
import { BUNDLES } from "../bundles.js";
import { examined } from "./cache.js";
import { examine } from "./examine.js";
import { ETC_DEEP, isKnown, SYSTEM } from "./names.js";

/**
 * The host's system directories as binds and links, as they are now: its programs, and what these read in /etc and
 * /var/lib. A file of /etc is shown if it is exactly as its package shipped it, or if it contains no secrets on any
 * distribution: a deny list would miss the next daemon's password file.
 */
export function hostRoot(): HostRoot {
  const etc = readdirSync("/etc").filter(isKnown);
  const { shown, left } = examined(examine);
  const paths = [...SYSTEM, ...etc.map((name) => `/etc/${name}`), ...ETC_DEEP, ...shown];
  const binds: { source: string; at: string }[] = [];
  const symlinks: { at: string; target: string }[] = [];
  for (const at of paths) {
    const stat = lstatSync(at, { throwIfNoEntry: false });
    if (stat === undefined) continue;
    if (stat.isSymbolicLink()) {
      if (staysVisible(at)) symlinks.push({ at, target: readlinkSync(at) });
    } else if ((stat.isDirectory() || stat.isFile()) && realpathSync(at) === at) {
      binds.push({ source: at, at });
    }
  }
  const bundles = BUNDLES.filter((at) => binds.some((bind) => isWithin(at, bind.at)) && isPlainFile(at));
  return { kind: "host", binds, symlinks, bundles, left };
}

function isPlainFile(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isFile() === true && realpathSync(path) === path;
}

/** A link is useful if its target exists inside too. */
function staysVisible(link: string): boolean {
  try {
    return isWithin(realpathSync(link), "/usr");
  } catch {
    return false;
  }
}
