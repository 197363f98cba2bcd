/** Paths that need no quotes; all others are quoted, with pattern characters escaped. */
const PLAIN = /^[A-Za-z0-9/._+-]+$/;

/** A path for an AppArmor profile: literal, except for a trailing `/**`. */
export function quotedPath(path: string): string {
  const literal = path.replace(/\/\*\*$/, "");
  const tail = path.endsWith("/**") ? "/**" : "";
  if (PLAIN.test(literal) || literal === "") return `${literal}${tail}`;
  return `"${literal.replace(/[\\"*?[\]{}^@,]/g, (character) => `\\${character}`)}${tail}"`;
}
