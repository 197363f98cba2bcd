import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { versionOf } from "../environment.js";
import { debianLayout } from "./debian.js";
import { startRegistry } from "./registry.js";

/** An image in its own registry, and space for its results. */
export interface Published extends AsyncDisposable {
  /** `127.0.0.1:PORT/debian:bench`. */
  readonly image: string;
  readonly directory: string;
}

const NEEDED = ["skopeo", "umoci", "docker-registry", "mmdebstrap"];
let made: Promise<Published> | undefined;

/** Created once for all measurements that use it. Throws what is missing. */
export function published(): Promise<Published> {
  made ??= publish();
  return made;
}

/** Call it after the last measurement. */
export async function unpublish(): Promise<void> {
  await (await made?.catch(() => undefined))?.[Symbol.asyncDispose]();
}

async function publish(): Promise<Published> {
  // An image's files have many owners.
  if (process.getuid?.() !== 0) throw new Error("only root can unpack every owner's files");
  for (const program of NEEDED) {
    if ((await versionOf(program)) === undefined) throw new Error(`${program} is not installed`);
  }
  const directory = await mkdtemp(join(tmpdir(), "bulkhead-bench-images-"));
  const registry = await startRegistry(directory).catch(async (error: unknown) => {
    await rm(directory, { recursive: true, force: true });
    throw error;
  });
  const dispose = async () => {
    await registry[Symbol.asyncDispose]();
    await rm(directory, { recursive: true, force: true });
  };
  try {
    const image = `${registry.host}/debian:bench`;
    const layout = await debianLayout(directory);
    const flags = ["--insecure-policy", "-q", "--dest-tls-verify=false"];
    await promisify(execFile)("skopeo", ["copy", ...flags, `oci:${layout}`, `docker://${image}`]);
    return { image, directory, [Symbol.asyncDispose]: dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}
