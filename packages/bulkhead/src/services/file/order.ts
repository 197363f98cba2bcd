import type { ComponentSpec } from "../model.js";
import type { Problems } from "./problems.js";

/** The components in the order in which they start. A cycle is a problem: none of its components could ever start. */
export function startOrder(components: readonly ComponentSpec[], problems: Problems): readonly ComponentSpec[] {
  const byName = new Map(components.map((component) => [component.name, component]));
  const ordered = new Map<string, ComponentSpec>();
  const reported = new Set<string>();
  const visit = (component: ComponentSpec, path: readonly string[]): void => {
    if (ordered.has(component.name) || reported.has(component.name)) return;
    const from = path.indexOf(component.name);
    if (from >= 0) {
      const cycle = [...path.slice(from), component.name];
      for (const name of cycle) reported.add(name);
      const cure = "give one `uses` of it `wait: false`, or remove a `depends`";
      problems.add(["components", component.name], `waits for itself: ${cycle.join(" -> ")}; ${cure}`);
      return;
    }
    for (const name of component.after) {
      const other = byName.get(name);
      if (other !== undefined) visit(other, [...path, component.name]);
    }
    ordered.set(component.name, component);
  };
  for (const component of components) visit(component, []);
  return [...ordered.values()];
}
