import { z } from "zod";
import { LARGEST_CONTENT } from "./names.js";

const LONGEST_PATH = 4096;
const LONGEST_NAME = 255;

/** JSON can hold half a surrogate pair, which is no text: the warden's parser refuses it. */
const HALF_PAIR = /\p{Surrogate}/u;

const ENDS_FIELD = /[\p{Cc}\p{Surrogate}:]/u;

function isText(value: string): boolean {
  return !HALF_PAIR.test(value) && !value.includes("\0");
}

/** Absolute and normal, and not `/` itself: nothing in it that the kernel would resolve to something else, but for links. */
export function isPath(value: string): boolean {
  return (
    value.startsWith("/") &&
    isText(value) &&
    Buffer.byteLength(value) <= LONGEST_PATH &&
    value.slice(1).split("/").every(isName)
  );
}

function isName(name: string): boolean {
  return name !== "" && name !== "." && name !== ".." && Buffer.byteLength(name) <= LONGEST_NAME;
}

export function isWord(value: string): boolean {
  return isText(value) && Buffer.byteLength(value) <= 65_536;
}

/** Whether `path` is `tree`, or below it. */
export function isWithin(path: string, tree: string): boolean {
  return path === tree || path.startsWith(`${tree}/`);
}

/** Whether each value is there once. */
export function isDistinct(values: readonly unknown[]): boolean {
  return new Set(values).size === values.length;
}

export const path = z.string().refine(isPath, "not a normal absolute path");

export const pathOrRoot = z.string().refine((value) => value === "/" || isPath(value), "not a normal absolute path");

export const linkTarget = z
  .string()
  .min(1)
  .refine((value) => isText(value) && Buffer.byteLength(value) < LONGEST_PATH, "not a link target");

/** The content of a file. */
export const content = z
  .string()
  .refine((value) => !HALF_PAIR.test(value) && Buffer.byteLength(value) <= LARGEST_CONTENT, "too long, or not text");

/** A field of /etc/passwd or /etc/group: no control character, which could start a line, and no `:`, which ends a field. */
export const accountText = z.string().refine((value) => !ENDS_FIELD.test(value) && Buffer.byteLength(value) <= 255);

/** Of a user or group. */
export const accountName = accountText.refine((value) => value !== "" && !value.includes(","));

/** An argument or a variable of the environment. */
export const word = z.string().refine(isWord, "too long, or not text");

/** What an attached connection is called. */
export const attachment = z.string().regex(/^[a-z][a-z0-9-]{0,31}$/);

export const id = z.string().regex(/^[a-z0-9][a-z0-9-]{7,39}$/);

export const hostName = z.string().regex(/^[a-z0-9-]{1,63}$/);

/** `unconfined` is AppArmor's name for no profile at all. */
export const profileName = z.string().regex(/^(?!unconfined$)[A-Za-z0-9._-]{1,100}$/);

/** `user:role:type`, or with a range after it. */
export const selinuxLabel = z
  .string()
  .max(255)
  .regex(/^[A-Za-z0-9._,-]+:[A-Za-z0-9._,-]+:[A-Za-z0-9._,-]+(:[A-Za-z0-9._,:-]+)?$/);
