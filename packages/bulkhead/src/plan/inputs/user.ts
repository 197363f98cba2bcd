import { BulkheadError } from "../../errors/bulkhead-error.js";
import { DEFAULT_USER } from "../../policy/defaults.js";
import type { UserChoice } from "../../policy/resolved.js";
import type { UserInput } from "../input-types.js";
import { accountIn, accountsIn, groupIn, groupsOf, idBeyond, nameIn, plainId } from "./accounts.js";

/** The root's account files; empty if it has none. */
export interface AccountFiles {
  readonly passwd: string;
  readonly group: string;
}

/** The workload's user. `imageUser` is the image's setting. Throws USER_UNKNOWN. */
export function resolveUser(choice: UserChoice, files: AccountFiles, imageUser: string | null): UserInput {
  switch (choice.kind) {
    case "ids":
      return { uid: choice.uid, gid: choice.gid, groups: [], name: nameFor(choice.uid, files) };
    case "name":
      return named(choice.name, files);
    case "default":
      return ofImage(imageUser ?? "", files) ?? defaultUser(files);
  }
}

/** The default user exists in every sandbox, under the root's name for its number. */
function defaultUser(files: AccountFiles): UserInput {
  return { ...DEFAULT_USER, groups: [], name: nameFor(DEFAULT_USER.uid, files) };
}

function named(name: string, files: AccountFiles): UserInput {
  const account = accountIn(files.passwd, name);
  if (account !== undefined) return { ...account, groups: groupsOf(files.group, { name, gid: account.gid }), name };
  if (name === DEFAULT_USER.name) return defaultUser(files);
  const beyond = idBeyond(files.passwd, name);
  if (beyond !== undefined) throw outOfRange(`${name} is ${beyond}`);
  throw new BulkheadError("USER_UNKNOWN", { operation: "look up in /etc/passwd", detail: shown(name) });
}

/**
 * Reads an image's `USER` as Docker does: `user`, `uid`, `user:group`, `user:` and `:group`. An image that asks for
 * root, or names only a group, gets the default user: only a policy can ask for root. Throws IMAGE_INVALID,
 * USER_UNKNOWN, USER_OUT_OF_RANGE.
 */
function ofImage(wish: string, files: AccountFiles): UserInput | undefined {
  const [user = "", group = "", ...more] = wish.split(":");
  // Docker and containerd disagree on these; an empty name is no name.
  if (more.length > 0 || (wish !== "" && user === "" && group === "")) {
    throw new BulkheadError("IMAGE_INVALID", {
      operation: "read image configuration",
      detail: `config.User: ${JSON.stringify(shown(wish))} is not USER or USER:GROUP`,
    });
  }
  const base = user === "" || user === "root" ? undefined : byNameOrNumber(user, files);
  if (base !== undefined && base.uid !== 0) {
    // With a named group, a user is in no other, as with Docker.
    return group === "" ? base : { ...base, gid: groupOf(group, files), groups: [] };
  }
  const gid = group === "" ? 0 : groupOf(group, files);
  return gid === 0 ? undefined : { ...defaultUser(files), gid };
}

function byNameOrNumber(user: string, files: AccountFiles): UserInput {
  const uid = numberOf(user);
  if (uid === undefined) return named(user, files);
  const name = nameIn(files.passwd, uid);
  return name === undefined ? { uid, gid: uid, groups: [], name: nameFor(uid, files) } : accountOf(uid, name, files);
}

function groupOf(group: string, { group: text }: AccountFiles): number {
  const gid = numberOf(group) ?? groupIn(text, group);
  if (gid !== undefined) return gid;
  throw new BulkheadError("USER_UNKNOWN", { operation: "look up in /etc/group", detail: shown(group) });
}

/** Undefined: a name. Throws USER_OUT_OF_RANGE. */
function numberOf(text: string): number | undefined {
  if (!/^[+-]?\d+$/.test(text)) return undefined;
  const id = plainId(text.replace(/^\+?0*(?=\d)/, ""));
  if (id !== undefined) return id;
  throw outOfRange(text);
}

function outOfRange(id: string): BulkheadError {
  return new BulkheadError("USER_OUT_OF_RANGE", { operation: "choose user", detail: shown(id) });
}

/** An image's text may be as long as a document. */
function shown(text: string): string {
  return text.length > 64 ? `${text.slice(0, 64)}…` : text;
}

function accountOf(uid: number, name: string, files: AccountFiles): UserInput {
  const gid = accountsIn(files.passwd).find((account) => account.uid === uid)?.gid ?? uid;
  return { uid, gid, groups: groupsOf(files.group, { name, gid }), name };
}

/** The root's name for a uid, or one that none of its accounts has. */
function nameFor(uid: number, files: AccountFiles): string {
  const known = nameIn(files.passwd, uid);
  if (known !== undefined) return known;
  const names = new Set(accountsIn(files.passwd).map(({ name }) => name));
  const wished = uid === 0 ? "root" : uid === DEFAULT_USER.uid ? DEFAULT_USER.name : `user${uid}`;
  return freeName(wished, names);
}

/** `wished`, or a similar name that is free. */
export function freeName(wished: string, taken: ReadonlySet<string>): string {
  let name = wished;
  while (taken.has(name)) name = `${name}_`;
  return name;
}
