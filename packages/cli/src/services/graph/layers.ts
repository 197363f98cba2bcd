import type { ComponentSpec, ServiceSpec } from "bulkhead/services";

/** The components in columns: those that no other uses first, each left of those that it uses. */
export function layersOf(spec: ServiceSpec): readonly (readonly ComponentSpec[])[] {
  const column = new Map(spec.components.map(({ name }) => [name, 0]));
  // Longest paths. A circle of channels that are not waited for would grow for ever: stop after all components.
  for (let round = 0; round < spec.components.length; round++) {
    for (const { consumer, provider } of spec.channels) {
      const wanted = (column.get(consumer) ?? 0) + 1;
      if (wanted < spec.components.length && wanted > (column.get(provider) ?? 0)) column.set(provider, wanted);
    }
  }
  const used = [...new Set(column.values())].sort((one, other) => one - other);
  return used.map((at) => spec.components.filter(({ name }) => column.get(name) === at));
}
