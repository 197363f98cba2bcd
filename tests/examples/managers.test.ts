/** The packages for npm, installed from files by other package managers, each of which lays them out its own way. */

import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isRequired } from "../support/levels.js";
import { TemporaryDirectory } from "../support/temporary.js";
import { execute } from "./support/execute.js";
import { Packages, root, standIns } from "./support/packages.js";

const PLATFORM = "@bulkhead/warden-linux-x64";
const bin = join(root, ".setup/managers/node_modules");

interface Manager {
  readonly name: string;
  readonly program: string;
  readonly install: readonly string[];
  /** Runs a program of the installed packages. */
  readonly run: readonly string[];
  /** Runs Node as the project's own programs run. */
  readonly node: readonly string[];
  /** How its manifest puts one package in the place of others' dependencies. */
  readonly replace: (archives: Named, directories: Named) => object;
  readonly settings?: string;
}

type Named = Readonly<Record<string, string>>;

const MANAGERS: readonly Manager[] = [
  {
    name: "pnpm 10",
    program: join(bin, "pnpm/bin/pnpm.cjs"),
    install: ["install", "--offline", "--store-dir", ".store"],
    run: ["exec"],
    node: ["exec", "node"],
    replace: (archives, directories) => ({
      pnpm: { overrides: { ...prefixed("file:", archives), ...prefixed("link:", directories) } },
    }),
  },
  {
    name: "yarn 1",
    program: join(bin, "yarn/bin/yarn.js"),
    install: ["install", "--offline", "--no-lockfile", "--cache-folder", ".cache"],
    run: ["--silent", "run"],
    node: ["--silent", "node"],
    replace: (archives, directories) => ({
      resolutions: prefixed("file:", { ...archives, ...directories }),
    }),
  },
  {
    name: "yarn 4 with Plug'n'Play",
    program: join(bin, "@yarnpkg/cli-dist/bin/yarn.js"),
    install: ["install"],
    run: ["run"],
    node: ["node"],
    replace: (archives, directories) => ({
      resolutions: { ...prefixed("file:", archives), ...prefixed("link:", directories) },
    }),
    // Where the variable CI is set, Yarn would refuse to write a lockfile.
    settings:
      "enableNetwork: false\nenableTelemetry: false\nenableGlobalCache: false\nenableScripts: false\nenableImmutableInstalls: false\n",
  },
];

function prefixed(prefix: string, named: Named): Named {
  return Object.fromEntries(Object.entries(named).map(([name, path]) => [name, `${prefix}${path}`]));
}

describe("the packages, installed by", () => {
  let packages: Packages;

  beforeAll(async () => {
    packages = await Packages.make();
  });
  afterAll(() => packages?.[Symbol.asyncDispose]());

  for (const { name, program, install, run, node, replace, settings } of MANAGERS) {
    const lack = existsSync(program) ? "" : ` (skipped: ./bulkhead setup test fetches it)`;
    it.skipIf(lack !== "" && !isRequired("packaging"))(
      `${name}: run from the library and the command${lack}`,
      async () => {
        await using project = await TemporaryDirectory.create("manager", 0o755);
        const [library = "", platform = ""] = packages.archives;
        const dependencies = prefixed("file:", { bulkhead: library, [PLATFORM]: platform });
        const directories = Object.fromEntries(
          standIns().map((path) => [path.slice(join(root, "node_modules/").length), path]),
        );
        const manifest = {
          name: "managed",
          private: true,
          type: "module",
          dependencies,
          ...replace({ [PLATFORM]: platform }, directories),
        };
        await writeFile(project.join("package.json"), JSON.stringify(manifest));
        if (settings !== undefined) {
          await writeFile(project.join(".yarnrc.yml"), settings);
          await writeFile(project.join("yarn.lock"), "");
        }
        // Yarn 1 leaves a directory in the temporary folder.
        await using temporary = await TemporaryDirectory.create("manager-files");
        const env = {
          TMPDIR: temporary.path,
          HOME: project.path,
          XDG_CACHE_HOME: project.join("cache"),
          BULKHEAD_PROGRAMS: project.join("programs"),
        };
        const manager = (args: readonly string[]) =>
          execute(process.execPath, [program, ...args], project.path, { env });
        const installed = await manager(install);
        expect(installed.code, installed.output).toBe(0);
        // Yarn 1 says on stderr that it will pass on the -- one day.
        const ended = await manager([...run, "bulkhead", "run", "--", "id", "-u"]);
        expect(ended).toEqual({ code: 0, output: expect.stringMatching(/^1000\n(warning .*\n)?$/) });
        const text = 'import { run } from "bulkhead"; console.log((await run(["id", "-g"])).stdout.trim());';
        await writeFile(project.join("app.js"), text);
        expect(await manager([...node, "app.js"])).toEqual({ code: 0, output: "1000\n" });
      },
    );
  }
});
