import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../bundles.mjs";
import { packedFile } from "../pack/files.js";
import type { Part } from "../pack/licences.js";
import type { Platform } from "../pack/platforms.js";
import { outputOf } from "../pack/run.js";

/** The Node that goes into the file, and its origin. */
export interface Node {
  readonly program: string;
  readonly part: Part;
}

interface Pin {
  readonly package: string;
  readonly bytes: number;
  readonly sha256: string;
}

const PINS = JSON.parse(readFileSync(join(root, "packaging/single/node.json"), "utf8")) as {
  readonly version: string;
} & Readonly<Record<string, Pin | string | undefined>>;
/** Where set-up keeps Nodes that are not installed. */
const NODES = join(root, ".setup/nodes");

/** The pinned Node of npm's package `node`: one that set-up fetched, or else from the registry. */
export function pinnedNode(platform: Platform): Node {
  const pin = PINS[platform.name];
  if (typeof pin !== "object") throw new Error(`packaging/single/node.json pins no Node for ${platform.name}`);
  const found = kept(pin) ?? fetched(pin);
  const { bytes, sha256 } = packedFile(join(found, "bin/node"));
  if (bytes !== pin.bytes || sha256 !== pin.sha256)
    throw new Error(`${found}/bin/node is not the Node ${PINS.version} that packaging/single/node.json pins`);
  const texts = [readFileSync(join(found, "LICENSE"), "utf8").trim()];
  const part = { ecosystem: "npm", name: pin.package, version: PINS.version, licence: "MIT", texts } as const;
  return { program: join(found, "bin/node"), part };
}

function kept(pin: Pin): string | undefined {
  const names = existsSync(NODES) ? readdirSync(NODES) : [];
  return names
    .map((name) => join(NODES, name, "node_modules", pin.package))
    .find((path) => versionAt(path) === PINS.version);
}

function versionAt(directory: string): string | undefined {
  const manifest = join(directory, "package.json");
  return existsSync(manifest)
    ? (JSON.parse(readFileSync(manifest, "utf8")) as { readonly version?: string }).version
    : undefined;
}

function fetched(pin: Pin): string {
  const place = join(NODES, PINS.version);
  const flags = ["--ignore-scripts", "--no-audit", "--no-fund", "--no-save", "--force"];
  outputOf("npm", ["install", "--prefix", place, ...flags, `${pin.package}@${PINS.version}`]);
  return join(place, "node_modules", pin.package);
}
