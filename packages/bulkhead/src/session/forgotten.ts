/** Live sandboxes created by this process. Held by id, so that the set keeps no unused object alive. */
const alive = new Set<string>();
let watching = false;
let warned = false;

const HOW = "end it with `await sandbox.close()`, `kill()` or `await using`";

/**
 * Warns that a sandbox object was lost: only the end of this process can end it now. Warns once, because one place in a
 * program is enough.
 */
const lost = new FinalizationRegistry<string>((id) => {
  if (!alive.has(id) || warned || process.env["NODE_ENV"] === "production") return;
  warned = true;
  process.emitWarning(`sandbox ${id} is not used any more and still runs: ${HOW}`, {
    code: "BULKHEAD_SANDBOX_FORGOTTEN",
  });
});

/**
 * Warns when `sandbox` is forgotten: garbage-collected while it runs, or left at the end of this process, which does
 * not wait for it.
 */
export function noticeForgotten(sandbox: object, id: string, ended: Promise<unknown>): void {
  alive.add(id);
  lost.register(sandbox, id);
  const forget = () => alive.delete(id);
  ended.then(forget, forget);
  if (watching) return;
  watching = true;
  process.on("beforeExit", () => {
    if (alive.size === 0) return;
    const which = alive.size === 1 ? "a sandbox is" : `${alive.size} sandboxes are`;
    process.emitWarning(
      `${which} ended with this process, which has nothing else to wait for: ${HOW}; \`sandbox.ref()\` makes the process wait`,
      { code: "BULKHEAD_SANDBOX_LEFT" },
    );
    alive.clear();
  });
}
