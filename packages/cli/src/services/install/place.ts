import {
  closeSync,
  fchmodSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";
import { BulkheadError } from "bulkhead";
import { MARK, type UnitKind, unitName, wantedBy } from "./unit.js";

/** Where systemd looks for units of the administrator, or of this user. */
export function unitDirectory(): string {
  if (process.getuid?.() === 0) return "/etc/systemd/system";
  const chosen = process.env["XDG_CONFIG_HOME"];
  const base = chosen !== undefined && isAbsolute(chosen) ? chosen : join(homedir(), ".config");
  return join(base, "systemd/user");
}

/** The other directories with units: one of the same name there would be hidden, or would be the one that counts. */
export function otherDirectories(): readonly string[] {
  if (process.getuid?.() === 0) {
    return ["/run", "/usr/local/lib", "/usr/lib", "/lib"].map((base) => `${base}/systemd/system`);
  }
  const runtime = process.env["XDG_RUNTIME_DIR"];
  const own = [join(homedir(), ".local/share"), ...(runtime !== undefined && isAbsolute(runtime) ? [runtime] : [])];
  const bases = [...own, "/etc", "/run", "/usr/local/share", "/usr/share", "/usr/local/lib", "/usr/lib"];
  return bases.map((base) => join(base, "systemd/user"));
}

export interface InstalledUnit {
  readonly name: string;
  readonly unit: string;
  readonly path: string;
  readonly file: string;
}

/** Writes a unit, and starts it at boot. @throws BulkheadError PATH_UNUSABLE for a unit of that name by someone else */
export function writeUnit(
  directory: string,
  service: string,
  kind: UnitKind,
  text: string,
  others = otherDirectories(),
): string {
  const unit = unitName(service);
  const path = join(directory, unit);
  requireOurs(path);
  requireNone(others.map((other) => join(other, unit)));
  attempt("write unit", path, () => {
    const wants = join(directory, `${wantedBy(kind)}.wants`);
    mkdirSync(wants, { recursive: true, mode: 0o755 });
    // A link would have been refused: what is there is an earlier unit of this service, or nothing.
    replace(path, (fresh) => writeWhole(fresh, text));
    replace(join(wants, unit), (fresh) => symlinkSync(path, fresh));
  });
  return path;
}

/** systemd sees the old file or the new one: it ignores names that do not end in the kind of a unit. */
function replace(path: string, create: (fresh: string) => void): void {
  const fresh = `${path}.${process.pid}`;
  rmSync(fresh, { force: true });
  try {
    create(fresh);
    renameSync(fresh, path);
  } finally {
    rmSync(fresh, { force: true });
  }
}

function writeWhole(path: string, text: string): void {
  const fd = openSync(path, "wx", 0o644);
  try {
    // Whatever the umask is.
    fchmodSync(fd, 0o644);
    writeFileSync(fd, text);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** Removes a unit and its link. False: there is none. @throws BulkheadError PATH_UNUSABLE if someone else wrote it */
export function removeUnit(directory: string, service: string): boolean {
  const path = join(directory, unitName(service));
  if (!requireOurs(path)) return false;
  attempt("remove unit", path, () => {
    for (const target of ["default.target", "multi-user.target"]) {
      rmSync(join(directory, `${target}.wants`, unitName(service)), { force: true });
    }
    rmSync(path);
  });
  return true;
}

export function installedUnits(directory: string): readonly InstalledUnit[] {
  let names: readonly string[];
  try {
    names = readdirSync(directory).sort();
  } catch {
    return [];
  }
  return names.flatMap((unit) => {
    const path = join(directory, unit);
    const text = /^bulkhead-service-.*\.service$/.test(unit) ? textOf(path) : undefined;
    const [, name, file] = /^\[X-Bulkhead\]\nService=(.*)\nFile=(.*)$/m.exec(text ?? "") ?? [];
    return text?.startsWith(MARK) === true && name !== undefined && file !== undefined
      ? [{ name, unit, path, file }]
      : [];
  });
}

function requireNone(paths: readonly string[]): void {
  const path = paths.find((one) => lstatSync(one, { throwIfNoEntry: false }) !== undefined);
  if (path === undefined) return;
  const detail = "it is a unit of the same name: give the service another name";
  throw new BulkheadError("PATH_UNUSABLE", { operation: "check unit", path, detail });
}

/** False if nothing is there. */
function requireOurs(path: string): boolean {
  if (lstatSync(path, { throwIfNoEntry: false }) === undefined) return false;
  if (textOf(path)?.startsWith(MARK) === true) return true;
  const detail = "`bulkhead service install` did not write it: remove it yourself, or give the service another name";
  throw new BulkheadError("PATH_UNUSABLE", { operation: "check unit", path, detail });
}

/** Undefined for anything but a regular file that can be read. */
function textOf(path: string): string | undefined {
  try {
    return lstatSync(path).isFile() ? readFileSync(path, "utf8") : undefined;
  } catch {
    return undefined;
  }
}

function attempt(operation: string, path: string, act: () => void): void {
  try {
    act();
  } catch (cause) {
    const detail = cause instanceof Error ? cause.message : String(cause);
    throw new BulkheadError("PATH_UNUSABLE", { operation, path, detail, cause });
  }
}
