import { createHash } from "node:crypto";
import { lstatSync, readFileSync } from "node:fs";
import { open, readdir, rename, unlink } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod/mini";
import { newToken } from "../../host/owner-token.js";
import type { ImageConfig } from "../documents/image-config.js";
import { digest } from "../documents/oci.js";
import type { Digest } from "../reference/digest.js";
import { ignoreMissing } from "./work-claims.js";

const bytes = z.number().check(z.int(), z.gte(0));
const blob = z.object({ digest, sizeBytes: bytes });
const text = z.string();

/** How an image wants to be run: part of `ImageConfig`. */
export const configSchema = z.object({
  entrypoint: z.array(text),
  cmd: z.array(text),
  env: z.record(text, text),
  workdir: z.nullable(text),
  user: z.nullable(text),
  labels: z.record(text, text),
  // Records of earlier versions have neither.
  volumes: z._default(z.array(text), []),
  notes: z._default(z.array(text), []),
});

const recordSchema = z.object({
  format: z.literal(1),
  name: text,
  digest,
  manifest: z.extend(blob, { mediaType: text }),
  configuration: blob,
  layers: z.array(z.extend(blob, { diffId: digest })),
  config: configSchema,
  pulledAt: text,
});

/** The store's record of an image under one name. */
export interface NameRecord {
  readonly format: 1;
  /** With registry, repository and tag or digest. */
  readonly name: string;
  /** Digest of the name in the registry: of an index, if there is one. */
  readonly digest: Digest;
  readonly manifest: { readonly digest: Digest; readonly sizeBytes: number; readonly mediaType: string };
  readonly configuration: { readonly digest: Digest; readonly sizeBytes: number };
  /** Lowest first. */
  readonly layers: readonly { readonly digest: Digest; readonly sizeBytes: number; readonly diffId: Digest }[];
  readonly config: ImageConfig;
  /** ISO 8601. */
  readonly pulledAt: string;
}

/** Far more than the largest accepted configuration with its layers. */
const LARGEST = 16 * 1024 * 1024;

/** `names/HASH.json`: one record for each name. Names contain slashes, hence the hash. */
export class NameTable {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /**
   * The record of a full name. One that this version does not understand counts as missing: the image is pulled again.
   */
  find(name: string): NameRecord | undefined {
    const record = this.#read(fileOf(name));
    return record?.name === name ? record : undefined;
  }

  /** Changes whenever the name gets another record or loses it; much cheaper than reading the record. */
  stamp(name: string): string | undefined {
    const found = lstatSync(join(this.#directory, fileOf(name)), { bigint: true, throwIfNoEntry: false });
    return found === undefined ? undefined : `${found.ino} ${found.mtimeNs} ${found.ctimeNs} ${found.size}`;
  }

  async list(): Promise<readonly NameRecord[]> {
    const files = await readdir(this.#directory);
    const records = files.filter((file) => file.endsWith(".json")).map((file) => this.#read(file));
    return records.filter((record) => record !== undefined).sort((one, other) => (one.name < other.name ? -1 : 1));
  }

  /** Appears atomically, replacing an earlier one of that name. */
  async put(record: NameRecord): Promise<void> {
    const path = join(this.#directory, fileOf(record.name));
    const made = `${path}.${newToken()}`;
    const handle = await open(made, "wx", 0o600);
    try {
      await handle.writeFile(`${JSON.stringify(record)}\n`);
      await handle.datasync();
    } finally {
      await handle.close();
    }
    await rename(made, path);
  }

  /** Returns whether there was one. */
  async remove(name: string): Promise<boolean> {
    if (this.find(name) === undefined) return false;
    await unlink(join(this.#directory, fileOf(name))).catch(ignoreMissing);
    return true;
  }

  /** Synchronous: every launch from an image comes through here, and the thread pool takes longer than the read. */
  #read(file: string): NameRecord | undefined {
    const path = join(this.#directory, file);
    try {
      if (lstatSync(path).size > LARGEST) return undefined;
      const parsed = recordSchema.safeParse(JSON.parse(readFileSync(path, "utf8")));
      return parsed.success ? parsed.data : undefined;
    } catch {
      return undefined;
    }
  }
}

function fileOf(name: string): string {
  return `${createHash("sha256").update(name).digest("hex")}.json`;
}
