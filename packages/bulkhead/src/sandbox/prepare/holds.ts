import type { Driver } from "../../levels/driver.js";

/** Releases a sandbox's resources when it has ended or failed to start. */
export function heldUntilEnd(driver: Driver, holds: readonly Disposable[]): Driver {
  if (holds.length === 0) return driver;
  const letGo = () => release(holds);
  return {
    launch: (plan) => {
      const running = driver.launch(plan);
      running.ended.then(letGo, letGo);
      return running;
    },
  };
}

export function release(holds: readonly Disposable[]): void {
  for (const each of holds) each[Symbol.dispose]();
}
