import { lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
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

export interface InstalledUnit {
  readonly name: string;
  readonly unit: string;
  readonly path: string;
  readonly file: string;
}

/** Writes a unit, and starts it at boot. @throws BulkheadError PATH_UNUSABLE for a unit of that name by someone else */
export function writeUnit(directory: string, service: string, kind: UnitKind, text: string): string {
  const path = join(directory, unitName(service));
  requireOurs(path);
  attempt("write unit", path, () => {
    mkdirSync(directory, { recursive: true });
    // A link would have been refused: what is there is an earlier unit of this service, or nothing.
    rmSync(path, { force: true });
    writeFileSync(path, text, { mode: 0o644, flag: "wx" });
    const wants = join(directory, `${wantedBy(kind)}.wants`);
    mkdirSync(wants, { recursive: true });
    rmSync(join(wants, unitName(service)), { force: true });
    symlinkSync(path, join(wants, unitName(service)));
  });
  return path;
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
    const text = /^bulkhead-.*\.service$/.test(unit) ? textOf(path) : undefined;
    const [, name, file] = /^\[X-Bulkhead\]\nService=(.*)\nFile=(.*)$/m.exec(text ?? "") ?? [];
    return text?.startsWith(MARK) === true && name !== undefined && file !== undefined
      ? [{ name, unit, path, file }]
      : [];
  });
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
