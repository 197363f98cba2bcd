import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../bundles.mjs";
import { outputOf } from "./run.js";

/** A package whose code is part of what is shipped. */
export interface Part {
  readonly ecosystem: "npm" | "cargo" | "deb" | "generic";
  readonly name: string;
  readonly version: string;
  /** Debian's name of the architecture that the part was built for, if it is a program of Debian. */
  readonly architecture?: string;
  /** An SPDX expression. */
  readonly licence: string;
  readonly texts: readonly string[];
}

/** Files that hold a licence or its notices. */
const TEXT = /^(licen[cs]e|copying|notice|copyright|unlicense)/i;

/** The npm packages among the inputs of bundles. */
export function npmParts(inputs: Iterable<string>): readonly Part[] {
  const names = new Set<string>();
  for (const input of inputs) {
    const [, name] = /^.*node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(input) ?? [];
    if (name !== undefined)
      names.add(`${input.slice(0, input.lastIndexOf(`node_modules/${name}/`))}node_modules/${name}`);
  }
  return [...names].sort().map((path) => {
    const manifest = JSON.parse(readFileSync(join(root, path, "package.json"), "utf8")) as NpmManifest;
    return partAt(join(root, path), "npm", manifest.name, manifest.version, manifest.license);
  });
}

interface NpmManifest {
  readonly name: string;
  readonly version: string;
  readonly license?: string;
}

interface CargoMetadata {
  readonly packages: readonly {
    readonly id: string;
    readonly name: string;
    readonly version: string;
    readonly license: string | null;
    readonly source: string | null;
    readonly manifest_path: string;
    readonly targets: readonly { readonly kind: readonly string[] }[];
  }[];
  readonly resolve: {
    readonly nodes: readonly {
      readonly id: string;
      readonly deps: readonly {
        readonly pkg: string;
        readonly dep_kinds: readonly { readonly kind: string | null }[];
      }[];
    }[];
  };
}

/** The crates that the programs `roots` are linked from: no build scripts, macros or tests. */
export function cargoParts(roots: readonly string[], target: string): readonly Part[] {
  const args = ["metadata", "--format-version", "1", "--locked", "--offline", "--filter-platform", target];
  const { packages, resolve } = JSON.parse(outputOf("cargo", args, { cwd: join(root, "warden") })) as CargoMetadata;
  const byId = new Map(packages.map((each) => [each.id, each]));
  const nodes = new Map(resolve.nodes.map((node) => [node.id, node]));
  const reached = new Set(packages.filter(({ name }) => roots.includes(name)).map(({ id }) => id));
  for (const id of reached) {
    for (const { pkg, dep_kinds } of nodes.get(id)?.deps ?? []) {
      if (dep_kinds.some(({ kind }) => kind === null)) reached.add(pkg);
    }
  }
  return [...reached]
    .flatMap((id) => byId.get(id) ?? [])
    .filter(({ source, targets }) => source !== null && !targets.some(({ kind }) => kind.includes("proc-macro")))
    .map(({ name, version, license, manifest_path }) =>
      partAt(join(manifest_path, ".."), "cargo", name, version, license ?? undefined),
    )
    .sort((one, other) => (`${one.name}@${one.version}` < `${other.name}@${other.version}` ? -1 : 1));
}

/** What rustc links into every program for musl: its standard library and musl, whose version the archive states. */
export function runtimeParts(target: string): readonly Part[] {
  const sysroot = outputOf("rustc", ["--print", "sysroot"]).trim();
  const [, version = "unknown"] = /^rustc (\S+)/.exec(outputOf("rustc", ["--version"])) ?? [];
  const texts = ["MIT", "Apache-2.0"].flatMap((name) =>
    [join(sysroot, "share/doc/rust/licenses", `${name}.txt`), join("/usr/share/common-licenses", name)]
      .filter((path) => existsSync(path))
      .slice(0, 1)
      .map((path) => readFileSync(path, "utf8").trim()),
  );
  const libc = join(sysroot, "lib/rustlib", target, "lib/self-contained/libc.a");
  const archive = existsSync(libc) ? readFileSync(libc, "latin1") : "";
  const [, musl = "unknown"] = /\0(\d+\.\d+\.\d+)\0/.exec(archive) ?? [];
  const notice = readFileSync(join(root, "packaging/licenses/musl.txt"), "utf8").trim();
  return [
    { ecosystem: "generic", name: "musl", version: musl, licence: "MIT", texts: [notice] },
    { ecosystem: "generic", name: "rust-std", version, licence: "MIT OR Apache-2.0", texts },
  ];
}

function partAt(
  directory: string,
  ecosystem: Part["ecosystem"],
  name: string,
  version: string,
  licence: string | undefined,
): Part {
  if (licence === undefined) throw new Error(`${name}@${version} states no licence`);
  const files = readdirSync(directory)
    .filter((file) => TEXT.test(file))
    .sort();
  const texts = files
    .map((file) => join(directory, file))
    .filter((path) => existsSync(path) && !path.endsWith(".js"))
    .map((path) => readFileSync(path, "utf8").trim());
  return { ecosystem, name, version, licence, texts };
}

/** The texts of all licences, each package's after its name. */
export function noticeOf(parts: readonly Part[]): string {
  return parts
    .map(({ name, version, licence, texts }) => {
      const text = texts.length === 0 ? "(The package brings no text of its licence.)" : texts.join("\n\n");
      return `${"=".repeat(80)}\n${name} ${version}: ${licence}\n${"=".repeat(80)}\n\n${text}\n`;
    })
    .join("\n");
}
