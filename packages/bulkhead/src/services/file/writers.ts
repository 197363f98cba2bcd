import type { ComponentSpec, HostMount } from "../model.js";
import type { Problems } from "./problems.js";

/** A directory that two components write to is a way between them: both must say that they mean it. */
export function twoWriters(components: readonly ComponentSpec[], problems: Problems): void {
  const written: { readonly component: string; readonly mount: HostMount }[] = [];
  for (const { name, mounts } of components) {
    for (const mount of mounts.filter(({ writable }) => writable)) {
      for (const other of written) {
        if (other.component === name || !overlap(mount.path, other.mount.path)) continue;
        if (mount.shared && other.mount.shared) continue;
        const cure = "give both entries `shared: true`, or mount one of them read-only";
        problems.add(["components", name, "files"], `${mount.path} is also written by ${other.component}: ${cure}`);
      }
      written.push({ component: name, mount });
    }
  }
}

/** Whether one of two normal paths is the other, or above it. */
export function overlap(one: string, other: string): boolean {
  const within = (path: string, parent: string) => path === parent || parent === "/" || path.startsWith(`${parent}/`);
  return within(one, other) || within(other, one);
}
