/** A file of a platform's package, as it was when the packages were made. */
export interface PackedFile {
  readonly bytes: number;
  readonly sha256: string;
}

/** The files of the package that holds one platform's programs. */
export interface PackedPlatform {
  readonly package: string;
  /** Derived from every digest: each build is unpacked into a directory of its own. */
  readonly id: string;
  /** By path in the package: `bin/warden`. */
  readonly files: Readonly<Record<string, PackedFile>>;
}

/** By platform: `linux-x64`. */
export type PackedManifest = Readonly<Record<string, PackedPlatform>>;

/** `scripts/pack` compiles it into the library's bundles; a checkout, which runs what it built, has none. */
declare const BULKHEAD_PACKED: PackedManifest | undefined;

/** Digests of the programs that belong to this build of the library; undefined in a checkout. */
export function packedManifest(): PackedManifest | undefined {
  return typeof BULKHEAD_PACKED === "undefined" ? undefined : BULKHEAD_PACKED;
}

/** This process's key in a manifest. */
export function platformName(): string {
  return `${process.platform}-${process.arch}`;
}
