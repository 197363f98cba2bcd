import { z } from "zod";

export const MIB = 1024 * 1024;

/** 1 PiB: wide enough for any machine, and exact in a JavaScript number. */
const LARGEST = 2 ** 50;

const PAGE = 4096;

/** Ids inside; 65,535 is init's. */
export const insideId = z.int().min(0).max(65_534);

/** 2^32 - 1 means "no id" to the kernel. */
export const hostId = z.int().min(0).max(4_294_967_294);

export function integer(minimum: number, maximum: number): z.ZodInt {
  return z.int().min(minimum).max(maximum);
}

/** Bytes of memory or disk. */
export function size(minimum: number): z.ZodInt {
  return integer(minimum, LARGEST);
}

/** Of a file system in memory. */
export const filesystemSize = size(PAGE);

export const inodes = integer(1, 2 ** 31);

/** PID_MAX_LIMIT of a 64-bit kernel. */
export const pids = integer(2, 4_194_304);
