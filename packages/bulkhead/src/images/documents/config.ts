import * as z from "zod/mini";
import { LAYERS } from "./bounds.js";
import { environmentOf, requireExecutable } from "./config-strings.js";
import type { ImageConfig } from "./image-config.js";
import { insidePath, volumesOf } from "./inside-path.js";
import { digest } from "./oci.js";
import { parseDocument } from "./parse.js";

// Everything here ends in an execve or a log line; a NUL would cut it short there.
const text = z.string().check(z.refine((value) => !value.includes("\0")));
// Go, and so every tool that writes and reads images, treats null as an empty string.
const item = z.pipe(
  z.nullable(text),
  z.transform((value) => value ?? ""),
);
const texts = z.nullish(z.array(item).check(z.maxLength(4096)));
/** Docker's oldest images contain one string where newer ones have a list. */
const words = z.nullish(
  z.union([
    z.array(item).check(z.maxLength(4096)),
    z.pipe(
      text,
      z.transform((word) => [word]),
    ),
  ]),
);

const configSchema = z.object({
  os: z.string(),
  architecture: z.string(),
  config: z.nullish(
    z.object({
      Entrypoint: words,
      Cmd: words,
      Env: texts,
      WorkingDir: z.nullish(text),
      User: z.nullish(text),
      Labels: z.nullish(z.record(z.string(), item)),
      Volumes: z.nullish(z.record(z.string(), z.unknown())),
    }),
  ),
  rootfs: z.object({ type: z.literal("layers"), diff_ids: z.array(digest).check(z.maxLength(LAYERS)) }),
});

/** Parses an image configuration whose digest has been checked. Throws IMAGE_INVALID, which names the field. */
export function parseConfig(bytes: Uint8Array) {
  const { os, architecture, config, rootfs } = parseDocument(configSchema, bytes, "image configuration");
  const notes: string[] = [];
  const image: ImageConfig = {
    entrypoint: withoutReset(config?.Entrypoint ?? []),
    cmd: config?.Cmd ?? [],
    env: environmentOf(config?.Env ?? [], notes),
    workdir: orNull(config?.WorkingDir) === null ? null : insidePath(config?.WorkingDir ?? "", "config.WorkingDir"),
    user: orNull(config?.User),
    labels: config?.Labels ?? {},
    volumes: volumesOf(Object.keys(config?.Volumes ?? {}), notes),
    notes,
  };
  requireExecutable(image);
  return { os, architecture, config: image, diffIds: rootfs.diff_ids };
}

/** `ENTRYPOINT [""]` resets the entrypoint of the base image. */
function withoutReset(entrypoint: readonly string[]): readonly string[] {
  return entrypoint.length === 1 && entrypoint[0] === "" ? [] : entrypoint;
}

function orNull(value: string | null | undefined): string | null {
  return value === undefined || value === null || value === "" ? null : value;
}
