import { MAX_ID } from "../../contract/generated/plan-constants.js";
/** The ids of a line of a root's /etc/passwd. */
export interface Ids {
  readonly uid: number;
  readonly gid: number;
}

/** A line of an /etc/passwd, without its password. */
export interface Account extends Ids {
  readonly name: string;
  readonly comment: string;
  readonly home: string;
  readonly shell: string;
}

/** A line of an /etc/group. */
export interface Group {
  readonly name: string;
  readonly gid: number;
  readonly members: readonly string[];
}

/** Most distributions have fewer than a hundred lines; further lines of a hostile root are ignored. */
const MOST_LINES = 1000;
const MOST_MEMBERS = 1000;
const LONGEST_FIELD = 255;

/** The valid lines of an /etc/passwd that may be hostile, in its order: as strict as {@link accountIn}. */
export function accountsIn(passwd: string): readonly Account[] {
  return linesOf(passwd, 7).flatMap(([name = "", , uidText, gidText, comment = "", home = "", shell = ""]) => {
    const [uid, gid] = [plainId(uidText), plainId(gidText)];
    const fits = isName(name) && [comment, home, shell].every(isField);
    return uid === undefined || gid === undefined || !fits ? [] : [{ name, uid, gid, comment, home, shell }];
  });
}

/** The valid lines of an /etc/group, read as strictly. */
export function groupsIn(group: string): readonly Group[] {
  return linesOf(group, 4).flatMap(([name = "", , gidText, list = ""]) => {
    const gid = plainId(gidText);
    const members = list.split(",", MOST_MEMBERS).filter(isName);
    return gid === undefined || !isName(name) ? [] : [{ name, gid, members }];
  });
}

/** The groups that a user is a member of, beside its own. */
export function groupsOf(group: string, { name, gid }: { readonly name: string; readonly gid: number }): number[] {
  const MOST = 32;
  const all = groupsIn(group).filter(({ members }) => members.includes(name));
  return [...new Set(all.map((one) => one.gid))].filter((one) => one !== gid).slice(0, MOST);
}

function linesOf(text: string, fields: number): readonly (readonly string[])[] {
  const lines = text.split("\n").map((line) => line.split(":"));
  return lines.filter((line) => line.length === fields).slice(0, MOST_LINES);
}

/** A C library treats a leading `+` or `-` as an instruction, not a name. */
function isName(name: string): boolean {
  return isField(name) && /^[^-+,]/.test(name) && !name.includes(",");
}

function isField(text: string): boolean {
  return Buffer.byteLength(text) <= LONGEST_FIELD && !/\p{Cc}|\p{Surrogate}/u.test(text);
}

/**
 * Looks a name up in the text of an /etc/passwd that may be hostile. Strict where C libraries are lax: an id that is
 * not plain digits, or is larger than any id inside, is invalid (libraries that read junk as 0 have made users root).
 */
export function accountIn(passwd: string, name: string): Ids | undefined {
  const fields = lineOf(passwd, name);
  const uid = plainId(fields?.[2]);
  const gid = plainId(fields?.[3]);
  return fields?.length === 7 && uid !== undefined && gid !== undefined ? { uid, gid } : undefined;
}

/** The id of a group in the text of an /etc/group, read as strictly. */
export function groupIn(group: string, name: string): number | undefined {
  const fields = lineOf(group, name);
  return fields?.length === 4 ? plainId(fields[2]) : undefined;
}

/** The name of a uid, or undefined. The first line wins, as in C libraries. */
export function nameIn(passwd: string, uid: number): string | undefined {
  return accountsIn(passwd).find((account) => account.uid === uid)?.name;
}

/** The id of a user that is a number, but larger than any inside. */
export function idBeyond(passwd: string, name: string): string | undefined {
  const fields = lineOf(passwd, name);
  if (fields?.length !== 7) return undefined;
  return fields.slice(2, 4).find((id) => /^\d{1,10}$/.test(id) && Number(id) > MAX_ID);
}

/** Digits of an id that can be inside a sandbox. */
export function plainId(text: string | undefined): number | undefined {
  if (text === undefined || !/^\d{1,5}$/.test(text)) return undefined;
  const id = Number(text);
  return id <= MAX_ID ? id : undefined;
}

/** The first line wins, as in C libraries. */
function lineOf(text: string, name: string): readonly string[] | undefined {
  return text
    .split("\n")
    .find((line) => line.startsWith(`${name}:`))
    ?.split(":");
}
