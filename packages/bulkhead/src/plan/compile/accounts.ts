import type { Inputs } from "../input-types.js";
import { type Account, accountsIn, type Group, groupsIn } from "../inputs/accounts.js";
import { ACCOUNT_FILES } from "../inputs/mount-points.js";
import { freeName } from "../inputs/user.js";
import type { Mount } from "../schema.js";
import { placeOf } from "./own-files.js";

const NO_LOGIN = "/usr/sbin/nologin";

/** For a root without such a file, and one that is the host's: the host's accounts are no concern of a sandbox. */
const OWN_ACCOUNTS: readonly Account[] = [
  { name: "root", uid: 0, gid: 0, comment: "root", home: "/", shell: "/bin/sh" },
  { name: "nobody", uid: 65_534, gid: 65_534, comment: "nobody", home: "/", shell: NO_LOGIN },
];
const OWN_GROUPS: readonly Group[] = [
  { name: "root", gid: 0, members: [] },
  { name: "tty", gid: 5, members: [] },
  { name: "nogroup", gid: 65_534, members: [] },
];

/**
 * /etc/passwd and /etc/group, if the root's do not name the workload's ids: otherwise `whoami`, ssh, initdb and
 * `os.userInfo()` fail. Only a plan whose ids are `shifted` always needs both: the warden, which alone knows the
 * offset, writes the actual ids.
 */
export function accountFiles(inputs: Inputs, shifted: boolean): readonly Mount[] {
  return [...passwdFile(inputs, shifted), ...groupFile(inputs, shifted)];
}

function passwdFile({ root, user, home }: Inputs, shifted: boolean): readonly Mount[] {
  const at = placeOf(root, ACCOUNT_FILES.passwd);
  const known = textOf(root, ACCOUNT_FILES.passwd);
  if (known === null) return [];
  const found = known === undefined ? OWN_ACCOUNTS : accountsIn(known);
  const named = found.some(({ uid }) => uid === user.uid);
  if (known !== undefined && named && !shifted) return [];
  const own: Account = { name: user.name, uid: user.uid, gid: user.gid, comment: "", home, shell: "/bin/sh" };
  return [{ kind: "passwd", at, accounts: named ? [...found] : [...found, own] }];
}

function groupFile({ root, user }: Inputs, shifted: boolean): readonly Mount[] {
  const at = placeOf(root, ACCOUNT_FILES.group);
  const known = textOf(root, ACCOUNT_FILES.group);
  if (known === null) return [];
  const found = known === undefined ? OWN_GROUPS : groupsIn(known);
  const named = found.some(({ gid }) => gid === user.gid);
  if (known !== undefined && named && !shifted) return [];
  const name = freeName(user.name, new Set(found.map((group) => group.name)));
  const groups = named ? found : [...found, { name, gid: user.gid, members: [] }];
  return [{ kind: "group", at, groups: groups.map((group) => ({ ...group, members: [...group.members] })) }];
}

/** Content of a root's file; undefined if one must be created; null if the entry is not a regular file, and stays. */
function textOf(root: Inputs["root"], at: string): string | undefined | null {
  if (root.kind === "host") return undefined;
  const kind = root.kindAt[placeOf(root, at)];
  if (kind === "missing") return undefined;
  return kind === "file" ? (root.contents[at] ?? "") : null;
}
