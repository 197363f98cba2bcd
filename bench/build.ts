import { existsSync } from "node:fs";
import * as main from "bulkhead";
import { images } from "bulkhead/images";
import { busybox, root } from "./environment.js";

/** A build of Bulkhead to measure: this checkout's, or that of another commit. */
export interface Build {
  /** Empty: this checkout's. */
  readonly revision: string;
  /** Path of the checkout, with a trailing slash. */
  readonly root: string;
  readonly library: Library;
}

/** The measured part of the library. */
export type Library = typeof main & { readonly images: typeof images };

const library: Library = { ...main, images };

export const here: Build = { revision: "", root, library };

export function cliOf({ root: checkout }: Build): string {
  return `${checkout}packages/cli/dist/bulkhead.cjs`;
}

/** The name of this build's subject. */
export function nameOf(subject: string, { revision }: Build): string {
  return revision === "" ? subject : `${subject}, ${revision}`;
}

/** Ends with the remedy if this checkout is not set up. */
export function requireSetUp(): void {
  const lacking = [busybox, cliOf(here)].find((path) => !existsSync(path));
  if (lacking === undefined) return;
  process.stderr.write(`${lacking} is missing: run './bulkhead setup bench' first\n`);
  process.exit(125);
}
