/** The errno of an error of `node:fs`, as a field of an error's context. */
export function errnoOf(error: unknown): { errno?: number } {
  const errno = error instanceof Error && "errno" in error ? error.errno : undefined;
  return typeof errno === "number" ? { errno: -errno } : {};
}
