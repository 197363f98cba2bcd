/** Where a path is written without quotes; everything else is quoted, and what has a meaning in a pattern escaped. */
const PLAIN = /^[A-Za-z0-9/._+-]+$/;

/** A path for an AppArmor profile: literal, but for a `/**` at its end. */
export function quotedPath(path: string): string {
  const literal = path.replace(/\/\*\*$/, "");
  const tail = path.endsWith("/**") ? "/**" : "";
  if (PLAIN.test(literal) || literal === "") return `${literal}${tail}`;
  return `"${literal.replace(/[\\"*?[\]{}^@,]/g, (character) => `\\${character}`)}${tail}"`;
}
