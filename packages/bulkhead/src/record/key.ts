import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
} from "node:crypto";
import {
  chmodSync,
  closeSync,
  constants,
  fstatSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { homedir } from "node:os";
import { dirname, isAbsolute, join } from "node:path";
import { requireArguments } from "../arguments/require.js";
import { hostPath } from "../arguments/values.js";
import { BulkheadError } from "../errors/bulkhead-error.js";
import { defined } from "../values/defined.js";

/** A key that signs records, and its public half. */
export interface RecordKey {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  /** SHA-256 of the public key (DER), in hexadecimal. */
  readonly id: string;
}

const LARGEST_KEY = 16_384;

/** Path of this user's key: root's below `/var/lib`, other users' in their state directory. */
export function recordKeyPath(): string {
  const uid = process.getuid?.() ?? 0;
  const chosen = process.env["BULKHEAD_STATE"];
  if (chosen !== undefined && isAbsolute(chosen)) return join(chosen, "record-key.pem");
  if (uid === 0) return "/var/lib/bulkhead/record-key.pem";
  const state = process.env["XDG_STATE_HOME"];
  // The base directory specification says to ignore a path that is not absolute.
  const base = state !== undefined && isAbsolute(state) ? state : join(homedir(), ".local", "state");
  return join(base, "bulkhead", "record-key.pem");
}

/**
 * Reads the key at `path` (an ed25519 private key, PKCS #8 in PEM); without a path, this machine's own, which is
 * created at first use. Throws RECORD_KEY_INVALID, also if other users could read the key: a signature would then prove
 * nothing.
 */
export function openRecordKey(path?: string): RecordKey {
  if (path !== undefined) requireArguments("openRecordKey", ["path", hostPath, path]);
  const file = path ?? recordKeyPath();
  try {
    if (path === undefined && lstatSync(file, { throwIfNoEntry: false }) === undefined) makeKey(file);
    return readKey(file);
  } catch (error) {
    throw error instanceof BulkheadError ? error : invalidKey(file, error);
  }
}

/** Reads a public key in PEM, or the public half of this machine's own. Throws RECORD_KEY_INVALID. */
export function openPublicKey(path?: string): { readonly publicKey: KeyObject; readonly id: string } {
  if (path === undefined) return openRecordKey();
  requireArguments("openPublicKey", ["path", hostPath, path]);
  try {
    const publicKey = createPublicKey(readPublic(path));
    return { publicKey: requireEd25519(publicKey, path), id: idOf(publicKey) };
  } catch (error) {
    throw error instanceof BulkheadError ? error : invalidKey(path, error);
  }
}

/** Opens without blocking: opening a FIFO could block forever. */
function readPublic(path: string): Buffer {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile() || stat.size > LARGEST_KEY) throw invalidKey(path, undefined, "not a key file");
    return readFileSync(fd);
  } finally {
    closeSync(fd);
  }
}

function keyFrom(privateKey: KeyObject, path: string): RecordKey {
  const publicKey = createPublicKey(requireEd25519(privateKey, path));
  return { privateKey, publicKey, id: idOf(publicKey) };
}

function requireEd25519(key: KeyObject, path: string): KeyObject {
  if (key.asymmetricKeyType !== "ed25519") throw invalidKey(path, undefined, "not an ed25519 key");
  return key;
}

function idOf(publicKey: KeyObject): string {
  return createHash("sha256")
    .update(publicKey.export({ type: "spki", format: "der" }))
    .digest("hex");
}

/** If two processes create one at once, the first to link it wins, and no process ever reads half a key. */
function makeKey(path: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const { privateKey } = generateKeyPairSync("ed25519");
  const made = `${path}.${randomBytes(6).toString("hex")}`;
  try {
    writeFileSync(made, privateKey.export({ type: "pkcs8", format: "pem" }), { mode: 0o600, flag: "wx" });
    chmodSync(made, 0o600);
    linkSync(made, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  } finally {
    rmSync(made, { force: true });
  }
}

/** The last key read: parsing one takes longer than signing with it. */
let known: { readonly file: string; readonly key: RecordKey } | undefined;

function readKey(path: string): RecordKey {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const stat = fstatSync(fd, { bigint: true });
    if (!stat.isFile() || stat.size > BigInt(LARGEST_KEY)) throw invalidKey(path, undefined, "not a key file");
    if (stat.uid !== BigInt(process.getuid?.() ?? 0) || (stat.mode & 0o077n) !== 0n) {
      throw invalidKey(path, undefined, "must be this user's, and closed to others (mode 0600)");
    }
    // Any change of the file or its mode changes its ctime.
    const file = [path, stat.dev, stat.ino, stat.size, stat.mtimeNs, stat.ctimeNs].join(" ");
    if (known?.file === file) return known.key;
    const key = keyFrom(createPrivateKey(readFileSync(fd)), path);
    known = { file, key };
    return key;
  } finally {
    closeSync(fd);
  }
}

function invalidKey(path: string, cause: unknown, detail?: string): BulkheadError {
  const said = detail ?? (cause instanceof Error ? cause.message : undefined);
  return new BulkheadError("RECORD_KEY_INVALID", {
    operation: "open key",
    path,
    ...defined({ detail: said, cause }),
  });
}
