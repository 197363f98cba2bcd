import { realpathSync } from "node:fs";
import { basename, dirname, isAbsolute, join } from "node:path";
import { BulkheadError, printableLine } from "bulkhead";
import type { ComponentSpec, ServiceSpec } from "bulkhead/services";

/**
 * Requires that no component can reach the service manager's socket. Where a private broker creates the sandboxes, they
 * are in the unit, and the service manager would believe them what they say in the supervisor's name.
 * @throws BulkheadError SERVICE_INVALID
 */
export function requireHidden(sockets: readonly string[], { components }: Pick<ServiceSpec, "components">): void {
  for (const socket of sockets.map(withoutLinks)) {
    for (const component of components) {
      const found = placesOf(component).find(({ path }) => holds(path, socket));
      if (found === undefined) continue;
      const field = `components.${component.name}.${found.field}`;
      const why = "through which a component could speak for the service to systemd";
      const detail = `${field}: ${printableLine(found.path)} holds ${printableLine(socket)}, ${why}`;
      throw new BulkheadError("SERVICE_INVALID", { operation: "check", detail });
    }
  }
}

/** As {@link requireHidden}, in a unit: for the socket that the service manager gave to this process. */
export function requireHiddenHere(broker: string | undefined, spec: ServiceSpec): void {
  const socket = process.env["NOTIFY_SOCKET"] ?? "";
  // The system broker's sandboxes are outside the unit. An abstract socket is out of reach: it has another network.
  if (broker === undefined && isAbsolute(socket)) requireHidden([socket], spec);
}

function placesOf({ mounts, policy }: ComponentSpec): readonly { readonly field: string; readonly path: string }[] {
  const root = policy.root !== undefined && isAbsolute(policy.root) ? [{ field: "root", path: policy.root }] : [];
  return [...root, ...mounts.map(({ path }) => ({ field: "files", path }))];
}

function holds(path: string, socket: string): boolean {
  return path === socket || socket.startsWith(path.endsWith("/") ? path : `${path}/`);
}

/** Mounts are compared without links too. */
function withoutLinks(path: string): string {
  try {
    return join(realpathSync(dirname(path)), basename(path));
  } catch {
    return path;
  }
}
