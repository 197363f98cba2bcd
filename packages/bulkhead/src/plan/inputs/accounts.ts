/** A line of a root's /etc/passwd. */
export interface Account {
  readonly uid: number;
  readonly gid: number;
}

const LARGEST_ID = 65_534;

/**
 * Looks a name up in the text of an /etc/passwd that may be hostile. Strict where C libraries are lax: an id that is
 * not plain digits, or is larger than any id inside, is no id (libraries that read junk as 0 have made users root).
 */
export function accountIn(passwd: string, name: string): Account | undefined {
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

/** The name of a uid, or undefined. */
export function nameIn(passwd: string, uid: number): string | undefined {
  const fields = passwd
    .split("\n")
    .map((line) => line.split(":"))
    .find((line) => line.length === 7 && plainId(line[2]) === uid);
  const name = fields?.[0];
  return name !== undefined && /^[a-z_][a-z0-9_-]{0,31}$/.test(name) ? name : undefined;
}

/** The id of a user that is a number, but larger than any inside. */
export function idBeyond(passwd: string, name: string): string | undefined {
  const fields = lineOf(passwd, name);
  if (fields?.length !== 7) return undefined;
  return fields.slice(2, 4).find((id) => /^\d{1,10}$/.test(id) && Number(id) > LARGEST_ID);
}

/** Digits of an id that can be inside a sandbox. */
export function plainId(text: string | undefined): number | undefined {
  if (text === undefined || !/^\d{1,5}$/.test(text)) return undefined;
  const id = Number(text);
  return id <= LARGEST_ID ? id : undefined;
}

/** The first line wins, as in C libraries. */
function lineOf(text: string, name: string): readonly string[] | undefined {
  return text
    .split("\n")
    .find((line) => line.startsWith(`${name}:`))
    ?.split(":");
}
