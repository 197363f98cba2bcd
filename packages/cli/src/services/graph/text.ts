import type { ServiceSpec } from "bulkhead/services";
import { layersOf } from "./layers.js";

/** Thickness of the wall, from chroot to microvm. */
const WALLS = { chroot: "|", container: "||", gvisor: "|||", microvm: "||||" } as const;

/** One line for each component, and below it one for each way out of it. */
export function textOf(spec: ServiceSpec): string {
  const widest = Math.max(...spec.components.map(({ name }) => name.length));
  const lines = layersOf(spec)
    .flat()
    .flatMap((component) => {
      const wall = WALLS[component.level].padStart(4);
      const ports = component.listen.map(({ address, port }) => `${address}:${port} -> ${component.name}`);
      const room = `${wall} ${component.name.padEnd(widest)} ${WALLS[component.level].padEnd(4)} ${component.level}`;
      const channels = spec.channels
        .filter(({ consumer }) => consumer === component.name)
        .map(({ provider, offer }) => `     ${component.name} -> ${provider}.${offer}`);
      return [room, ...ports.map((port) => `     ${port}`), ...channels];
    });
  return `${[spec.name, ...lines].join("\n")}\n`;
}
