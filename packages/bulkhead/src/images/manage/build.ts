import { BulkheadError } from "../../errors/bulkhead-error.js";
import { baseRootPath } from "../../host/locate.js";
import type { TaskOptions } from "../../internal/plan.js";
import { defined } from "../../values/defined.js";
import { imageOf } from "../build/build.js";
import { type PackagesOptions, packagesTar } from "../build/packages.js";
import { outputOf } from "../build/program.js";
import type { NameRecord } from "../store/names.js";
import { localName, takeIn } from "./import.js";

export interface BuildImageOptions
  extends TaskOptions,
    Pick<PackagesOptions, "suite" | "mirror" | "onStep">,
    Partial<Pick<PackagesOptions, "packages">> {
  /** The store's directory. Default: BULKHEAD_STORE, or by user. */
  readonly store?: string;
}

/**
 * Builds an image from this host's software, and imports it into the store. Throws as `packagesTar` and `importImage`.
 */
export async function buildImage(nameText: string, options: BuildImageOptions): Promise<NameRecord> {
  const { packages, suite, mirror, onStep, store, ...sandbox } = options;
  const name = localName(nameText, "build image");
  if (packages === undefined && (suite !== undefined || mirror !== undefined)) {
    throw new BulkheadError("IMAGE_BUILD_FAILED", { operation: "choose packages", detail: "none are named" });
  }
  const chosen = {
    ...defined({ suite, mirror, onStep }),
    signal: sandbox.signal,
  };
  await using image = await imageOf(
    packages === undefined
      ? { tar: baseTar(sandbox.signal), compress: false, cmd: ["/bin/sh"] }
      : { tar: packagesTar({ packages, ...chosen }), compress: true, cmd: ["/bin/sh"] },
  );
  onStep?.("unpacking");
  return await takeIn(image, name, { ...sandbox, store });
}

/** The built-in root. Contains no build time, so it is the same image everywhere. */
function baseTar(signal: AbortSignal | undefined): AsyncIterable<Uint8Array> {
  const same = ["--sort=name", "--mtime=@0", "--owner=0", "--group=0", "--numeric-owner", "--format=gnu"];
  const env = { PATH: "/usr/bin:/bin", LC_ALL: "C" };
  return outputOf(["tar", "-C", baseRootPath(), ...same, "-c", "."], { env, signal });
}
