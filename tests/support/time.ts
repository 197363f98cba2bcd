/** Emulated machines are 5 to 20 times slower; whoever runs the suites there says so. */
export const TIME_FACTOR = Math.max(1, Number(process.env["BULKHEAD_TIME_FACTOR"] ?? "1") || 1);

/** Milliseconds, as long as this machine needs them. */
export function ms(milliseconds: number): number {
  return milliseconds * TIME_FACTOR;
}

export function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** Asks again and again until `ask` gives something other than undefined or false; throws `what` when it never does. */
export async function eventually<T>(
  what: string,
  withinMs: number,
  ask: () => Promise<T | undefined | false> | T | undefined | false,
): Promise<T> {
  const end = Date.now() + ms(withinMs);
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    if (Date.now() > end) throw new Error(`not within ${ms(withinMs)} ms: ${what}`);
    await sleep(10);
  }
}
