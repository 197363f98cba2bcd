import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import * as z from "zod/mini";
import { BulkheadError } from "../../../errors/bulkhead-error.js";
import type { Mount, Plan } from "../../../plan/schema.js";
import type { Tie } from "../../driver.js";
import { MOST_IMAGES } from "../inner.js";
import { DESCRIPTION, INITRAMFS, imageAt, KERNEL } from "../machine.js";
import { isOfCopies, withoutIncoming } from "./restoring.js";

export const sha256 = z.string().check(z.regex(/^[0-9a-f]{64}$/));

/** The form of a {@link Tie}. */
export const tieSchema = z.strictObject({
  kernel: sha256,
  initramfs: sha256,
  monitor: sha256,
  machine: sha256,
  workload: sha256,
  images: z.array(sha256).check(z.maxLength(MOST_IMAGES)),
});

type Bind = Extract<Mount, { kind: "bind" }>;

/** Digests of host files read before, as long as the files are unchanged. */
const known = new Map<string, string>();
const MOST_KNOWN = 256;

/** The machine of a plan, part by part. @throws BulkheadError SNAPSHOT_MISMATCH if a file cannot be read */
export async function tieOf({ id, mounts, payload, inner }: Plan): Promise<Tie> {
  if (payload.kind !== "program") throw new BulkheadError("SNAPSHOT_INVALID", { operation: "read plan" });
  const binds = mounts.filter((mount): mount is Bind => mount.kind === "bind" && !isOfCopies(mount.at));
  const at = new Map(binds.map((bind) => [bind.at, bind.source]));
  const argv = withoutIncoming(payload.argv);
  const images: string[] = [];
  for (let source = at.get(imageAt(0)); source !== undefined; source = at.get(imageAt(images.length))) {
    images.push(await digestOfFile(source));
  }
  const ofGuest = new Set([KERNEL, INITRAMFS, ...images.map((_, index) => imageAt(index))]);
  const monitor = createHash("sha256");
  for (const bind of binds) {
    if (ofGuest.has(bind.at) || !(bind.at.startsWith("/vm/") || argv.includes(bind.at))) continue;
    monitor.update(`${bind.at}\0${await digestOfFile(bind.source)}\0`);
  }
  const description = mounts.flatMap((mount) =>
    mount.kind === "file" && mount.at === DESCRIPTION ? [mount.content] : [],
  );
  return {
    kernel: await digestOfFile(at.get(KERNEL) ?? KERNEL),
    initramfs: await digestOfFile(at.get(INITRAMFS) ?? INITRAMFS),
    monitor: monitor.digest("hex"),
    machine: digestOfText(JSON.stringify([argv, description])),
    // Names of its own, such as a generated AppArmor profile's, contain its id.
    workload: digestOfText(JSON.stringify(inner).replaceAll(id, "")),
    images,
  };
}

/** The parts in which two machines differ, for people; empty if none. */
export function differences(one: Tie, other: Tie): readonly string[] {
  const parts = ["kernel", "initramfs", "monitor", "machine", "workload"] as const;
  const images = Math.max(one.images.length, other.images.length);
  return [
    ...parts.filter((part) => one[part] !== other[part]),
    ...Array.from({ length: images }, (_, index) => index)
      .filter((index) => one.images[index] !== other.images[index])
      .map((index) => `image ${index}`),
  ];
}

function digestOfText(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** Kernels, monitors and images are large, and a change shows in their inode, size or times. */
async function digestOfFile(path: string): Promise<string> {
  try {
    await using handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const { dev, ino, size, mtimeNs, ctimeNs } = await handle.stat({ bigint: true });
    const fingerprint = `${dev} ${ino} ${size} ${mtimeNs} ${ctimeNs}`;
    const digest = known.get(fingerprint) ?? (await digestOfHandle(handle));
    if (known.size >= MOST_KNOWN) known.clear();
    known.set(fingerprint, digest);
    return digest;
  } catch (cause) {
    throw new BulkheadError("SNAPSHOT_MISMATCH", { operation: "read", path, cause });
  }
}

async function digestOfHandle(handle: FileHandle): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of handle.createReadStream({ autoClose: false })) hash.update(chunk as Buffer);
  return hash.digest("hex");
}
