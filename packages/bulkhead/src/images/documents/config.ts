import * as z from "zod/mini";
import { LAYERS } from "./bounds.js";
import { invalid } from "./invalid.js";
import { digest } from "./oci.js";
import { parseDocument } from "./parse.js";

/** What an image says about how it wants to be run. Strings hold no NUL; nothing else about them has been checked. */
export interface ImageConfig {
  readonly entrypoint: readonly string[];
  readonly cmd: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly workdir: string | null;
  /** `name`, `uid`, `name:group`, …: to be resolved inside the image. */
  readonly user: string | null;
  readonly labels: Readonly<Record<string, string>>;
}

// Everything here ends in an execve or a line of a log; NUL would cut it short there.
const text = z.string().check(z.refine((value) => !value.includes("\0")));
const texts = z.nullish(z.array(text).check(z.maxLength(4096)));

const configSchema = z.object({
  os: z.string(),
  architecture: z.string(),
  config: z.nullish(
    z.object({
      Entrypoint: texts,
      Cmd: texts,
      Env: texts,
      WorkingDir: z.nullish(text),
      User: z.nullish(text),
      Labels: z.nullish(z.record(z.string(), z.string())),
    }),
  ),
  rootfs: z.object({ type: z.literal("layers"), diff_ids: z.array(digest).check(z.maxLength(LAYERS)) }),
});

/** Reads an image configuration whose digest was checked already. Throws IMAGE_INVALID. */
export function parseConfig(bytes: Uint8Array) {
  const { os, architecture, config, rootfs } = parseDocument(configSchema, bytes, "image configuration");
  const image: ImageConfig = {
    entrypoint: config?.Entrypoint ?? [],
    cmd: config?.Cmd ?? [],
    env: environment(config?.Env ?? []),
    workdir: orNull(config?.WorkingDir),
    user: orNull(config?.User),
    labels: config?.Labels ?? {},
  };
  return { os, architecture, config: image, diffIds: rootfs.diff_ids };
}

/** `NAME=value`; the last of two wins, as in Docker. A null prototype, since a name may be `__proto__`. */
function environment(lines: readonly string[]): Readonly<Record<string, string>> {
  const env: Record<string, string> = Object.create(null);
  for (const line of lines) {
    const equals = line.indexOf("=");
    if (equals < 1) throw invalid("read image configuration", "config.Env");
    env[line.slice(0, equals)] = line.slice(equals + 1);
  }
  return env;
}

function orNull(value: string | null | undefined): string | null {
  return value === undefined || value === null || value === "" ? null : value;
}
