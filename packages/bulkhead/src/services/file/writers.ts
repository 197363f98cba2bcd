import { resolve } from "node:path";
import type { ComponentSpec, HostMount } from "../model.js";
import { withoutLinks } from "./links.js";
import type { Problems } from "./problems.js";
import type { ReadComponent } from "./read.js";

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

/**
 * Host files that say what a component may do, or that it gets as secrets, must not be in a directory that a component
 * writes to: a link in their place would lead the next start to any file of the user.
 */
export async function replaceable(
  components: readonly ReadComponent[],
  compiled: readonly ComponentSpec[],
  directory: string,
  problems: Problems,
): Promise<void> {
  const written = compiled.flatMap(({ name, mounts }) =>
    mounts.filter(({ writable }) => writable).map(({ path }) => ({ component: name, path })),
  );
  for (const component of components) {
    for (const [field, path] of filesRead(component, directory)) {
      const places = [path, await withoutLinks(path)];
      const writer = written.find((one) => places.some((place) => place.startsWith(`${one.path}/`)));
      if (writer === undefined) continue;
      const why = `${path} is in ${writer.path}, and ${writer.component} could replace it there: move it elsewhere`;
      problems.add(["components", component.name, ...field], why);
    }
  }
}

/** Host files that are read, and not mounted, for a component; each with its field. */
function filesRead({ resolved, secretFiles }: ReadComponent, directory: string) {
  const { root, syscalls, secrets, verify } = resolved;
  const [, image] = root.kind === "image" ? (/^(?:oci|docker-archive):(.+)$/.exec(root.source) ?? []) : [];
  const keys = (verify ?? []).flatMap(({ signer }) => {
    if (signer.kind === "unsigned") return [];
    return signer.kind === "keys" ? signer.keys : [signer.trustedRoot];
  });
  const found: readonly (readonly [field: readonly string[], path: string])[] = [
    ...[...secretFiles].map(([name, path]) => [["secrets", name], resolve(directory, path)] as const),
    ...secrets.flatMap(({ name, source }) =>
      source.kind === "file" ? [[["secrets", name], source.path] as const] : [],
    ),
    ...(syscalls.kind === "file" ? [[["syscalls", "profile"], syscalls.path] as const] : []),
    ...(image === undefined ? [] : [[["root"], image] as const]),
    ...keys.map((path) => [["images", "verify"], path] as const),
  ];
  return found;
}

/** Whether one of two normal paths is the other, or above it. */
export function overlap(one: string, other: string): boolean {
  const within = (path: string, parent: string) => path === parent || parent === "/" || path.startsWith(`${parent}/`);
  return within(one, other) || within(other, one);
}
