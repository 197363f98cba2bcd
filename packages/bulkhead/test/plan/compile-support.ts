import type { HostReport } from "../../src/host/report.js";
import type { DirectoryRoot, HostFile, Inputs } from "../../src/plan/input-types.js";
import type { Mount } from "../../src/plan/schema.js";
import { parsePolicy } from "../../src/policy/parse.js";
import type { Policy } from "../../src/policy/schema.js";
import { type Compiled, compile } from "../../src/prepare/tabulate.js";
import { hostWith } from "../support/facts.js";

export const ID = "test-sandbox";

/** A base root that has every default mount point, empty. */
export const BASE: DirectoryRoot = {
  kind: "directory",
  directory: { path: "/opt/bulkhead/base", kind: "directory", uid: 0, gid: 0, openToAll: true },
  kindAt: {
    "/proc": "directory",
    "/sys": "directory",
    "/dev": "directory",
    "/tmp": "directory",
    "/work": "directory",
    "/etc/hosts": "file",
  },
  contents: {},
  layers: null,
};

export function inputsWith(changes: Partial<Inputs> = {}): Inputs {
  const user = { uid: 1000, gid: 1000, groups: [], name: "sandbox" };
  const { workdir = "/work" } = changes;
  return { root: BASE, files: [], user, workdir, home: workdir, image: null, ...changes };
}

export function directory(path: string, uid: number, gid = uid, openToAll = true): HostFile {
  return { path, kind: "directory", uid, gid, openToAll };
}

/** Compiles a policy against made-up inputs. */
export function compiled(
  policy: Policy,
  { host = hostWith(), inputs = inputsWith() }: { host?: HostReport; inputs?: Inputs } = {},
): Compiled {
  return compile(parsePolicy(policy, { directory: "/home/me" }), host, inputs, { id: ID });
}

export function mountAt(compiled: Compiled, at: string): Mount | undefined {
  return compiled.plan.mounts.find((mount) => mount.at === at);
}
