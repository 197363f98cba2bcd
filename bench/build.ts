import { existsSync } from "node:fs";
import * as main from "bulkhead";
import { images } from "bulkhead/images";
import { busybox, root } from "./environment.js";

/** A build of Bulkhead that is measured: this checkout's, or that of another commit. */
export interface Build {
  /** Empty: this checkout's. */
  readonly revision: string;
  /** Of the checkout, with a slash at its end. */
  readonly root: string;
  readonly library: Library;
}

/** As far as it is measured. */
export type Library = typeof main & { readonly images: typeof images };

const library: Library = { ...main, images };

export const here: Build = { revision: "", root, library };

export function cliOf({ root: checkout }: Build): string {
  return `${checkout}packages/cli/dist/bulkhead.cjs`;
}

/** What a subject of this build is called. */
export function nameOf(subject: string, { revision }: Build): string {
  return revision === "" ? subject : `${subject}, ${revision}`;
}

/** Ends with the remedy when this checkout was not set up. */
export function requireSetUp(): void {
  const lacking = [busybox, cliOf(here)].find((path) => !existsSync(path));
  if (lacking === undefined) return;
  process.stderr.write(`${lacking} is missing: run './bulkhead setup bench' first\n`);
  process.exit(125);
}
