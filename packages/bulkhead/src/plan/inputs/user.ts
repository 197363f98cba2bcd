import { BulkheadError } from "../../errors/bulkhead-error.js";
import { DEFAULT_USER } from "../../policy/defaults.js";
import type { UserChoice } from "../../policy/resolved.js";
import type { UserInput } from "../input-types.js";
import { accountIn, groupIn, nameIn, plainId } from "./accounts.js";

/** The root's account files; empty where it has none. */
export interface AccountFiles {
  readonly passwd: string;
  readonly group: string;
}

/** Who the workload is. `imageUser` is the image's own wish. Throws USER_UNKNOWN. */
export function resolveUser(choice: UserChoice, files: AccountFiles, imageUser: string | null): UserInput {
  switch (choice.kind) {
    case "ids":
      return {
        uid: choice.uid,
        gid: choice.gid,
        groups: [],
        name: nameIn(files.passwd, choice.uid) ?? nameOf(choice.uid),
      };
    case "name":
      return named(choice.name, files);
    case "default":
      return ofImage(imageUser ?? "", files) ?? { ...DEFAULT_USER, groups: [] };
  }
}

function named(name: string, files: AccountFiles): UserInput {
  const account = accountIn(files.passwd, name);
  if (account !== undefined) return { ...account, groups: [], name };
  // The default user exists in every sandbox, whatever the root's files say.
  if (name === DEFAULT_USER.name) return { ...DEFAULT_USER, groups: [] };
  throw new BulkheadError("USER_UNKNOWN", { operation: "look up in /etc/passwd", detail: name });
}

/** An image that wants root gets the default user: a policy never gives root unless it asks itself. */
function ofImage(wish: string, files: AccountFiles): UserInput | undefined {
  const [user = "", group] = wish.split(":");
  if (user === "" || user === "root") return undefined;
  const uid = plainId(user);
  const base =
    uid === undefined ? named(user, files) : { uid, gid: accountGid(uid, files), groups: [], name: nameOf(uid) };
  if (base.uid === 0) return undefined;
  if (group === undefined || group === "") return base;
  const gid = plainId(group) ?? groupIn(files.group, group);
  if (gid === undefined) throw new BulkheadError("USER_UNKNOWN", { operation: "look up in /etc/group", detail: group });
  return { ...base, gid };
}

function accountGid(uid: number, files: AccountFiles): number {
  const name = nameIn(files.passwd, uid);
  return (name === undefined ? undefined : accountIn(files.passwd, name))?.gid ?? uid;
}

function nameOf(uid: number): string {
  if (uid === 0) return "root";
  return uid === DEFAULT_USER.uid ? DEFAULT_USER.name : `user${uid}`;
}
