import { isInteger, isObject, isText, type JsonObject } from "../channel/json.js";
import { BulkheadError } from "../errors/bulkhead-error.js";
import type { Evidence, ProcessEvidence } from "../evidence/observed.js";

export type { Evidence, ProcessEvidence };

/**
 * @throws BulkheadError BROKER_LOST when it is not of that shape: then the broker is not the one this library was built
 * for.
 */
export function readEvidence(value: unknown): Evidence {
  const evidence = object(value, "evidence");
  const { init, processes, cgroup, landlock, mounts } = evidence as Fields<keyof Evidence>;
  return {
    init: readProcess(init),
    processes: Array.isArray(processes) ? processes.map(readProcess) : null,
    cgroup: readCgroup(object(cgroup, "cgroup")),
    landlock: landlock === null ? null : { abi: integer(object(landlock, "landlock"), "abi") },
    mounts: readMounts(object(mounts, "mounts")),
  };
}

type Fields<Name extends string> = Readonly<Partial<Record<Name, unknown>>>;

function readProcess(value: unknown): ProcessEvidence {
  const process = object(value, "process");
  const { seccomp, noNewPrivs, lsm } = process as Fields<keyof ProcessEvidence>;
  if (typeof noNewPrivs !== "boolean" || !(lsm === null || isText(lsm, 4096))) {
    throw unexpected("process");
  }
  if (seccomp !== 0 && seccomp !== 1 && seccomp !== 2) {
    throw unexpected("seccomp");
  }
  return {
    pid: integer(process, "pid"),
    uid: integers(process["uid"], "uid"),
    gid: integers(process["gid"], "gid"),
    capabilities: readCapabilities(object(process["capabilities"], "capabilities")),
    noNewPrivs,
    seccomp,
    seccompFilters: integer(process, "seccompFilters"),
    namespaces: readNamespaces(object(process["namespaces"], "namespaces")),
    lsm,
  };
}

function readCapabilities(value: JsonObject): ProcessEvidence["capabilities"] {
  const { permitted, effective, bounding, ambient } = value as Fields<keyof ProcessEvidence["capabilities"]>;
  if (!isMask(permitted) || !isMask(effective) || !isMask(bounding) || !isMask(ambient)) {
    throw unexpected("capabilities");
  }
  return { permitted, effective, bounding, ambient };
}

function readNamespaces(value: JsonObject): ProcessEvidence["namespaces"] {
  const namespaces: Record<string, "own" | "host"> = {};
  for (const [name, whose] of Object.entries(value)) {
    if (whose !== "own" && whose !== "host") {
      throw unexpected("namespaces");
    }
    namespaces[name] = whose;
  }
  return namespaces;
}

function readCgroup(value: JsonObject): Evidence["cgroup"] {
  const { version, memoryMax, pidsMax, cpuMax } = value as Fields<keyof Evidence["cgroup"]>;
  if (version !== 0 && version !== 1 && version !== 2) {
    throw unexpected("cgroup.version");
  }
  if (!isLimit(memoryMax) || !isLimit(pidsMax) || !isLimit(cpuMax)) {
    throw unexpected("cgroup");
  }
  return { version, memoryMax, pidsMax, cpuMax };
}

function readMounts(value: JsonObject): Evidence["mounts"] {
  const rootReadOnly = value["rootReadOnly"];
  if (typeof rootReadOnly !== "boolean") {
    throw unexpected("mounts.rootReadOnly");
  }
  return { rootReadOnly, count: integer(value, "count") };
}

function isMask(value: unknown): value is string {
  return isText(value, 16) && /^[0-9a-f]+$/.test(value);
}

function isLimit(value: unknown): value is number | null {
  return value === null || isInteger(value, 0);
}

function integer(value: JsonObject, field: string): number {
  const number = value[field];
  if (!isInteger(number, 0)) {
    throw unexpected(field);
  }
  return number;
}

function integers(value: unknown, field: string): readonly number[] {
  if (!Array.isArray(value) || !value.every((number) => isInteger(number, 0))) {
    throw unexpected(field);
  }
  return value;
}

function object(value: unknown, field: string): JsonObject {
  if (!isObject(value)) {
    throw unexpected(field);
  }
  return value;
}

function unexpected(field: string): BulkheadError {
  return new BulkheadError("BROKER_LOST", { operation: "decode", detail: `evidence.${field}` });
}
