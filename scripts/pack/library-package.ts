import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import type { Metafile } from "esbuild";
import type { PackedManifest } from "../../packages/bulkhead/src/host/installed/manifest.js";
import { bundleCommandLine, bundleLibrary, cli, library, root } from "../bundles.mjs";
import { bundleHelpers } from "../helpers.mjs";
import { type Declarations, reachable } from "./declarations.js";
import { json, put } from "./files.js";
import { noticeOf, npmParts, type Part } from "./licences.js";
import type { Staged } from "./platform-package.js";

interface Manifest {
  readonly private?: boolean;
  readonly version: string;
  readonly exports: Readonly<Record<string, string | { readonly types: string }>>;
  readonly dependencies: Readonly<Record<string, string>>;
}

/**
 * Puts the package `bulkhead` together: library, helper processes and command line, which accept only the programs of
 * `manifest`.
 */
export async function stageLibrary(manifest: PackedManifest, directory: string): Promise<Staged> {
  const parts = await putBundles(directory, { BULKHEAD_PACKED: JSON.stringify(manifest) });
  const dist = join(root, library, "dist");
  const own = JSON.parse(readFileSync(join(root, library, "package.json"), "utf8")) as Manifest;
  const exported = Object.values(own.exports).flatMap((each) => (typeof each === "string" ? [] : basename(each.types)));
  const declarations = reachable(dist, exported);
  for (const name of declarations.files) {
    // The sources that the maps lead to are not in the package.
    const text = readFileSync(join(dist, name), "utf8").replace(/^\/\/# sourceMappingURL=.*\n?/gm, "");
    put(directory, `dist/${name}`, text);
  }
  put(directory, "LICENSE", readFileSync(join(root, "LICENSE")));
  put(directory, "THIRD-PARTY-LICENSES.txt", noticeOf(parts));
  put(directory, "README.md", readFileSync(join(root, "packaging/npm/bulkhead.md")));
  put(directory, "package.json", json(manifestOf(own, manifest, declarations)));
  return { directory, parts };
}

/**
 * Bundles, schemas and profiles, in `dist` and `cli`. The latter two are those of the checkout's build, which set-up
 * keeps fresh. Returns the npm packages in the bundles.
 */
export async function putBundles(
  directory: string,
  define: Readonly<Record<string, string>>,
): Promise<readonly Part[]> {
  const inputs = new Set<string>();
  const onInputs = (metafile: Metafile) => Object.keys(metafile.inputs).map((path) => inputs.add(path));
  const variant = { define, sourcemap: false, onInputs } as const;
  for (const { path, contents } of await bundleLibrary(variant)) put(directory, `dist/${basename(path)}`, contents);
  for (const { kind, contents } of await bundleHelpers(variant)) put(directory, `dist/helpers/${kind}.cjs`, contents);
  for (const { path, contents } of await bundleCommandLine(variant)) {
    put(directory, `cli/${basename(path)}`, contents, basename(path) === "bulkhead.cjs" ? 0o755 : 0o644);
  }
  put(directory, "cli/help.json", readFileSync(join(root, cli, "dist/help.json")));
  const dist = join(root, library, "dist");
  const names = readdirSync(dist, { recursive: true, encoding: "utf8" });
  for (const name of names.filter((each) => /^(profiles\/\w+|\w+\.schema)\.json$/.test(each))) {
    put(directory, `dist/${name}`, readFileSync(join(dist, name)));
  }
  return npmParts(inputs);
}

/** The bundles need no other package; only declarations do. */
function manifestOf(
  { private: _, dependencies, ...own }: Manifest,
  manifest: PackedManifest,
  { packages }: Declarations,
) {
  const wardens = Object.values(manifest).map(({ package: name }) => [name, own.version] as const);
  return {
    ...own,
    keywords: ["sandbox", "isolation", "seccomp", "landlock", "container", "microvm", "gvisor"],
    bin: { bulkhead: "./cli/bulkhead.cjs" },
    files: ["dist", "cli", "THIRD-PARTY-LICENSES.txt", "sbom.cdx.json", "release.json"],
    preferUnplugged: true,
    dependencies: Object.fromEntries(Object.entries(dependencies).filter(([name]) => packages.has(name))),
    optionalDependencies: Object.fromEntries(wardens),
  };
}
