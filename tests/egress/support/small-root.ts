import { execFileSync } from "node:child_process";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Level } from "bulkhead";
import { TemporaryDirectory } from "../../support/temporary.js";

const BASE = fileURLToPath(new URL("../../../packages/bulkhead/assets/base", import.meta.url));
const PYTHON = "/usr/bin/python3";
/** Where Debian's programs look for whom to trust when nobody tells them. */
export const BUNDLE = "/etc/ssl/certs/ca-certificates.crt";
const PIP = "/usr/lib/python3/dist-packages";
/** What no client needs, and half of the size. */
const LEFT_OUT = ["test", "idlelib", "lib2to3", "ensurepip", "pydoc_data", "tkinter"];

/**
 * A root for machines of their own, which cannot have the host's: the built-in one, with this host's Python, pip, curl
 * and openssl.
 */
export async function smallRoot(): Promise<TemporaryDirectory> {
  const root = await TemporaryDirectory.create("egress-root", 0o755);
  execFileSync("cp", ["-a", `${BASE}/.`, root.path]);
  const library = execFileSync(PYTHON, ["-c", "import sysconfig; print(sysconfig.get_path('stdlib'))"])
    .toString()
    .trim();
  const pip = (await readdir(PIP)).filter((name) => /^pip($|-)/.test(name)).map((name) => join(PIP, name));
  const excluded = LEFT_OUT.map((name) => `--exclude=${join(library, name)}`);
  const archive = execFileSync("tar", ["-cPf", "-", ...excluded, library, ...pip], { maxBuffer: 1 << 30 });
  execFileSync("tar", ["-C", root.path, "-xf", "-"], { input: archive, stdio: ["pipe", "ignore", "ignore"] });
  const programs = [PYTHON, "/usr/bin/curl", "/usr/bin/openssl"];
  const modules = (await readdir(join(library, "lib-dynload"))).map((name) => join(library, "lib-dynload", name));
  const files = new Set([BUNDLE, ...programs, ...librariesOf([...programs, ...modules])]);
  execFileSync("cp", ["-L", "--parents", ...files, root.path]);
  return root;
}

/** The host's root, and at a level whose guests have programs of their own a small one, made when it is asked for. */
export class Roots implements AsyncDisposable {
  #small: TemporaryDirectory | undefined;

  async at(level: Level): Promise<string> {
    if (level !== "microvm") return "host";
    this.#small ??= await smallRoot();
    return this.#small.path;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#small?.[Symbol.asyncDispose]();
  }
}

/** What the dynamic linker would load for them, itself included. */
function librariesOf(paths: readonly string[]): readonly string[] {
  const said = execFileSync("ldd", paths).toString();
  return [...said.matchAll(/(?:=> )?(\/\S+) \(0x/g)].flatMap(([, path]) => (path === undefined ? [] : [path]));
}
