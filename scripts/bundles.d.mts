import type { Metafile, OutputFile } from "esbuild";

export interface Variant {
  readonly define?: Readonly<Record<string, string>>;
  readonly sourcemap?: "linked" | false;
  readonly onInputs?: (metafile: Metafile) => void;
}

export type Bundled = Pick<OutputFile, "path" | "contents">;

export const root: string;
export const library: string;
export const cli: string;
export const server: string;
export function bundleLibrary(variant?: Variant): Promise<readonly (Bundled | { path: string; contents: string })[]>;
export function bundleCommandLine(variant?: Variant): Promise<readonly Bundled[]>;
export function bundleServer(variant?: Variant): Promise<readonly Bundled[]>;
