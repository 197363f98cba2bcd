/** Sandboxes that were made and have not ended. By id, so that nobody is kept who is not used. */
const alive = new Set<string>();
let watching = false;
let warned = false;

const HOW = "end it with `await sandbox.close()`, `kill()` or `await using`";

/** Tells that a sandbox was lost: nobody can end it any more but the end of this process. Once, since one place in a program is enough. */
const lost = new FinalizationRegistry<string>((id) => {
  if (!alive.has(id) || warned || process.env["NODE_ENV"] === "production") return;
  warned = true;
  process.emitWarning(`sandbox ${id} is not used any more and still runs: ${HOW}`, {
    code: "BULKHEAD_SANDBOX_FORGOTTEN",
  });
});

/** Warns when `sandbox` is forgotten: collected while it runs, or left to the end of this process, which then waits for nothing. */
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
