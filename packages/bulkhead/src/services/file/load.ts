import { dirname, resolve } from "node:path";
import { readGivenFile, type Unreadable } from "../../arguments/given-file.js";
import { BulkheadError } from "../../errors/bulkhead-error.js";
import type { ServiceSpec } from "../model.js";
import { compileService } from "./compile.js";
import { LARGEST_FILE, parseServiceText } from "./document.js";
import { Problems } from "./problems.js";
import { readService } from "./read.js";

/**
 * Reads a service file and compiles it. Relative paths in it are relative to its directory.
 * @throws BulkheadError SERVICE_UNREADABLE; SERVICE_SYNTAX, SERVICE_INVALID with every problem, its line and its column
 */
export async function loadService(path: string): Promise<ServiceSpec> {
  const refuse = (why: Unreadable) => new BulkheadError("SERVICE_UNREADABLE", { path, ...why });
  const text = (await readGivenFile(path, LARGEST_FILE, refuse)).toString("utf8");
  return await parseService(text, path, dirname(resolve(path)));
}

/** As {@link loadService}, of a text. */
export async function parseService(text: string, path: string, directory: string): Promise<ServiceSpec> {
  const { value, positionOf } = await parseServiceText(text, path);
  const problems = new Problems();
  const read = readService(value, directory, problems);
  if (read === undefined) return throwProblems(problems, path, positionOf);
  const spec = await compileService(read, directory, problems);
  return spec === undefined ? throwProblems(problems, path, positionOf) : spec;
}

function throwProblems(problems: Problems, path: string, positionOf: Parameters<Problems["throwIfAny"]>[1]): never {
  problems.throwIfAny(path, positionOf);
  throw new BulkheadError("SERVICE_INVALID", { operation: "check", path });
}
