import { createReadStream } from "node:fs";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ImageConfig } from "../documents/image-config.js";
import { thisArchitecture } from "../documents/platform.js";
import type { ResolvedImage } from "../image.js";
import { digestOf } from "../reference/digest.js";
import { captureLayer } from "./layer.js";

export interface Contents {
  /** A root file system. */
  readonly tar: AsyncIterable<Uint8Array>;
  readonly compress: boolean;
  /** The default command, or arguments of `entrypoint`. */
  readonly cmd: readonly string[];
  readonly entrypoint?: readonly string[];
  /** Default: root. */
  readonly user?: string;
}

const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/**
 * Builds an image with one layer, in files that exist until it is disposed of. The same contents give the same image.
 * Throws as `tar` does.
 */
export async function imageOf({ tar, compress, cmd, entrypoint = [], user }: Contents): Promise<ResolvedImage> {
  const directory = await mkdtemp(join(tmpdir(), "bulkhead-build-"));
  const dispose = () => rm(directory, { recursive: true, force: true });
  try {
    await mkdir(directory, { recursive: true });
    const path = join(directory, "layer");
    const layer = await captureLayer(tar, path, compress);
    const env = { PATH };
    const config: ImageConfig = {
      entrypoint,
      cmd,
      env,
      workdir: null,
      user: user ?? null,
      labels: {},
      volumes: [],
      notes: [],
    };
    const configuration = Buffer.from(
      JSON.stringify({
        os: "linux",
        architecture: thisArchitecture,
        config: {
          Env: [`PATH=${PATH}`],
          ...(entrypoint.length === 0 ? {} : { Entrypoint: entrypoint }),
          Cmd: cmd,
          ...(user === undefined ? {} : { User: user }),
        },
        rootfs: { type: "layers", diff_ids: [layer.diffId] },
      }),
    );
    return {
      digest: digestOf(configuration),
      config,
      layers: [{ ...layer, open: () => createReadStream(path) }],
      documents: { manifest: null, configuration },
      [Symbol.asyncDispose]: dispose,
    };
  } catch (error) {
    await dispose();
    throw error;
  }
}
