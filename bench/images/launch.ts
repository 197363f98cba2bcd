import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Policy } from "bulkhead";
import { type Build, here, nameOf } from "../build.js";
import type { Absent, Subject } from "../subject.js";

/** The built-in root, and the same files as an image in the store: the cost of an image at launch. */
export async function launchFrom(root: "base" | "image", build: Build = here): Promise<Subject | Absent> {
  const name = nameOf(`container, ${root}`, build);
  const { images, run } = build.library;
  try {
    const store = await mkdtemp(join(tmpdir(), "bulkhead-bench-store-"));
    const dispose = () => rm(store, { recursive: true, force: true });
    const policy: Policy = root === "base" ? { level: "container" } : { level: "container", image: "localhost/base" };
    const once = async () => {
      const result = await run(["/bin/true"], policy, { images: { store, pull: "never" } });
      if (result.exitCode !== 0) throw new Error(`ended with ${result.exitCode ?? result.signal}: ${result.stderr}`);
    };
    try {
      if (root === "image") await images.build("localhost/base", { store });
      await once();
    } catch (error) {
      await dispose();
      throw error;
    }
    return { name, run: once, [Symbol.asyncDispose]: dispose };
  } catch (error) {
    return { name, absent: error instanceof Error ? error.message : String(error) };
  }
}
