import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { BulkheadError } from "../../errors/bulkhead-error.js";
import { wardenPath } from "../../host/locate.js";
import { Trials } from "../../host/trials.js";
import { cacheDirectory } from "./cache.js";

const MEASURE_MS = 5_000;
/**
 * A finer resolution is noise, and would tell apart the machines of each boot. 50 kHz of 2.6 GHz are 1.7 seconds in a
 * day.
 */
const STEP_KHZ = 100;
const KEY = "khz";

let known: Promise<number> | undefined;

/**
 * Frequency of this processor's time-stamp counter in kHz. QEMU's emulation passes the counter to the guest unchanged,
 * and a guest that assumes another frequency has a clock that is wrong by as much. Measured once per boot of the host;
 * a failure may be temporary and is not stored.
 * @throws BulkheadError VMM_UNAVAILABLE
 */
export function tscKhz(): Promise<number> {
  if (known === undefined) {
    const measuring = found();
    known = measuring;
    measuring.catch(() => {
      known = undefined;
    });
  }
  return known;
}

async function found(): Promise<number> {
  const measured = new Trials(join(cacheDirectory(), "tsc.json"), isSpeed);
  const khz = measured.recall(KEY) ?? (await measure());
  measured.remember(KEY, khz);
  return khz;
}

async function measure(): Promise<number> {
  const path = wardenPath();
  const { stdout } = await promisify(execFile)(path, ["tsc"], { timeout: MEASURE_MS, env: {} }).catch(
    (cause: unknown) => {
      throw new BulkheadError("VMM_UNAVAILABLE", { operation: "measure the time-stamp counter", path, cause });
    },
  );
  const khz = Math.round(Number(stdout) / STEP_KHZ) * STEP_KHZ;
  if (isSpeed(khz)) return khz;
  throw new BulkheadError("VMM_UNAVAILABLE", { operation: "measure the time-stamp counter", path, detail: "none" });
}

function isSpeed(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 100_000 && value <= 20_000_000;
}
