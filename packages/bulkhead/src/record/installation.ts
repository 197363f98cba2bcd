import { createHash } from "node:crypto";
import { lstatSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { requireArguments } from "../arguments/require.js";
import { hostPath } from "../arguments/values.js";
import { BulkheadError } from "../errors/bulkhead-error.js";
import { packedManifest, platformName } from "../host/installed/manifest.js";
import { findPackage } from "../host/installed/package-files.js";
import { programsDirectory } from "../host/installed/place.js";
import { packageDirectory } from "../host/locate.js";
import { openEnvelope, parseEnvelope, parseObject } from "./envelope.js";
import { openPublicKey } from "./key.js";
import { RELEASE_FILE, type ReleaseStatement } from "./release.js";

/** The result of comparing an installation with the statement of its release. */
export interface InstallationCheck {
  /** How many files are those of the release. */
  readonly files: number;
  /** The id of the key that signed the statement; null without a key to check it with: then only damage would show. */
  readonly signedBy: string | null;
  readonly problems: readonly InstallationProblem[];
}

export interface InstallationProblem {
  readonly path: string;
  readonly problem: "missing" | "altered" | "unexpected";
}

const LARGEST_STATEMENT = 4 * 1024 * 1024;

/**
 * Compares every file of the installed packages, and of this user's unpacked programs, with the statement of the
 * release. With the path of the release's public key, the statement must be signed with it. Throws UNSUPPORTED in a
 * checkout, INSTALLATION_ALTERED if the statement is missing or not signed with the key, RECORD_KEY_INVALID,
 * SETUP_MISSING.
 */
export function verifyInstallation(key?: string): InstallationCheck {
  if (key !== undefined) requireArguments("verifyInstallation", ["key", hostPath, key]);
  const platform = packedManifest()?.[platformName()];
  if (platform === undefined) {
    const detail = "only installed packages have a statement of their files";
    throw new BulkheadError("UNSUPPORTED", { operation: "verify installation", detail });
  }
  const own = packageDirectory();
  const { statement, signedBy } = readStatement(join(own, RELEASE_FILE), key);
  // The statement lists the packages of every platform.
  const ours = ({ name }: { readonly name: string }) =>
    name.startsWith("bulkhead/") || name.startsWith(`${platform.package}/`);
  const expected = new Map(statement.subject.filter(ours).map(({ name, digest }) => [name, digest.sha256]));
  const found = [
    ...filesOf("bulkhead", own).filter(({ name }) => name !== `bulkhead/${RELEASE_FILE}`),
    ...filesOf(platform.package, findPackage(platform.package, own)),
  ];
  const present = new Set(found.map(({ name }) => name));
  const missing = [...expected.keys()].filter((name) => !present.has(name));
  const problems: InstallationProblem[] = missing.map((path) => ({ path, problem: "missing" }));
  for (const { name, path } of found) {
    const digest = expected.get(name);
    if (digest === undefined) problems.push({ path, problem: "unexpected" });
    else if (digestOf(path) !== digest) problems.push({ path, problem: "altered" });
  }
  problems.push(...alteredCopies(join(programsDirectory(), platform.id), platform.files));
  return { files: found.length - problems.length, signedBy, problems };
}

/** Before the first use there are none. */
function alteredCopies(directory: string, files: Readonly<Record<string, { readonly sha256: string }>>) {
  const problems: InstallationProblem[] = [];
  for (const [name, { sha256 }] of Object.entries(files)) {
    if (name.endsWith(".json")) continue;
    const path = join(directory, name === "base/busybox" ? "base/bin/busybox" : name);
    if (lstatSync(path, { throwIfNoEntry: false }) === undefined) continue;
    if (digestOf(path) !== sha256) problems.push({ path, problem: "altered" });
  }
  return problems;
}

function readStatement(path: string, key: string | undefined) {
  const refuse = (detail: string) => new BulkheadError("INSTALLATION_ALTERED", { operation: "verify", path, detail });
  const size = lstatSync(path, { throwIfNoEntry: false })?.size;
  if (size === undefined || size > LARGEST_STATEMENT) throw refuse("the statement of the release is missing");
  const text = readFileSync(path, "utf8");
  const publicKey = key === undefined ? undefined : openPublicKey(key);
  const payload = publicKey === undefined ? parseObject(payloadOf(text)) : openEnvelope(text, publicKey, refuse);
  if (!isRelease(payload)) throw refuse("statement");
  return { statement: payload, signedBy: publicKey?.id ?? null };
}

/** Of an envelope, or of a statement that stands alone. */
function payloadOf(text: string): string {
  const envelope = parseEnvelope(text);
  return envelope === undefined ? text : Buffer.from(envelope.payload, "base64").toString();
}

function isRelease(value: unknown): value is ReleaseStatement {
  if (typeof value !== "object" || value === null || !("subject" in value) || !("predicateType" in value)) return false;
  return value.predicateType === "https://slsa.dev/provenance/v1" && Array.isArray(value.subject);
}

/** Packages below another package are not part of it. */
function filesOf(name: string, directory: string, below = ""): readonly { name: string; path: string }[] {
  return readdirSync(join(directory, below), { withFileTypes: true }).flatMap((entry) => {
    const at = below === "" ? entry.name : `${below}/${entry.name}`;
    if (at === "node_modules") return [];
    if (entry.isDirectory()) return filesOf(name, directory, at);
    return [{ name: `${name}/${at}`, path: join(directory, at) }];
  });
}

function digestOf(path: string): string | undefined {
  return lstatSync(path).isFile() ? createHash("sha256").update(readFileSync(path)).digest("hex") : undefined;
}
