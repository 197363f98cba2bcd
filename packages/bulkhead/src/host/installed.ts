import { BulkheadError } from "../errors/bulkhead-error.js";
import { packedManifest, platformName } from "./installed/manifest.js";
import { unpackedPrograms } from "./installed/unpack.js";

/** By package: a lookup costs a few stat calls. */
const found = new Map<string, string>();

/**
 * The directory of the unpacked programs of an installed package, or undefined in a checkout, which runs what it built.
 * @throws BulkheadError PLATFORM_UNSUPPORTED, and as unpacking does
 */
export function installedPrograms(packageDirectory: string): string | undefined {
  const manifest = packedManifest();
  if (manifest === undefined) return undefined;
  const known = found.get(packageDirectory);
  if (known !== undefined) return known;
  const platform = manifest[platformName()];
  if (platform === undefined) {
    const detail = `this is ${platformName()}; there are programs for ${Object.keys(manifest).join(", ")}`;
    throw new BulkheadError("PLATFORM_UNSUPPORTED", { detail });
  }
  const directory = unpackedPrograms(platform, packageDirectory);
  found.set(packageDirectory, directory);
  return directory;
}
