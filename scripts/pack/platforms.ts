/** A platform with a package of its own. */
export interface Platform {
  /** As in `process.platform` and `process.arch`. */
  readonly name: string;
  readonly package: string;
  readonly os: string;
  readonly cpu: string;
  /** Debian's name of the architecture. */
  readonly debian: string;
  /** Of rustc. musl, because a static glibc would pass its licence's demands on to everyone who distributes it. */
  readonly target: string;
}

export const platforms: readonly Platform[] = [
  {
    name: "linux-x64",
    package: "@bulkhead/warden-linux-x64",
    os: "linux",
    cpu: "x64",
    debian: "amd64",
    target: "x86_64-unknown-linux-musl",
  },
  {
    name: "linux-arm64",
    package: "@bulkhead/warden-linux-arm64",
    os: "linux",
    cpu: "arm64",
    debian: "arm64",
    target: "aarch64-unknown-linux-musl",
  },
];

export function platformNamed(name: string): Platform {
  const found = platforms.find((platform) => platform.name === name);
  if (found === undefined)
    throw new Error(`no platform ${name}: name one of ${platforms.map((one) => one.name).join(", ")}`);
  return found;
}

/** Of this machine. */
export function ownPlatform(): Platform {
  return platformNamed(`${process.platform}-${process.arch}`);
}

/** The programs of a platform's package: crate and file name. */
export const programs = [
  ["bulkhead-warden", "warden"],
  ["bulkhead-unpack", "bulkhead-unpack"],
  ["bulkhead-probe", "bulkhead-probe"],
  ["bulkhead-observe", "bulkhead-observe"],
  ["bulkhead-surface", "bulkhead-surface"],
] as const;
