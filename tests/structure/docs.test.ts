import { execFile } from "node:child_process";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { projectFiles, readProjectFile, root } from "./support/sources.js";

/** Below node_modules, so that imports resolve as in a program that uses the library. */
const directory = join(root, `node_modules/.cache/docs-${process.pid}`);
const documents = projectFiles(/^(README|CONTRIBUTING|SECURITY|CHANGELOG)\.md$|^(docs|site)\/.*\.md$/);

afterAll(() => rm(directory, { recursive: true, force: true }));

describe("documents", () => {
  it("hold only TypeScript that type-checks", { timeout: 120_000 }, async () => {
    await mkdir(directory, { recursive: true });
    await writeFile(join(directory, "tsconfig.json"), JSON.stringify(configuration));
    const files = documents.flatMap((path) => examplesOf(path, readProjectFile(path)));
    for (const { path, text } of files) {
      await mkdir(dirname(join(directory, path)), { recursive: true });
      await writeFile(join(directory, path), text);
    }
    expect(files.length).toBeGreaterThan(0);
    expect(await typeCheck()).toBe("");
  });

  it("link only to files that are there", () => {
    const known = new Set(projectFiles(/./));
    const broken = documents.flatMap((path) =>
      [...readProjectFile(path).matchAll(/\]\((?!https?:|mailto:|#)([^)#\s]+)[^)]*\)/g)]
        .map(([, link = ""]) => join(dirname(path), link).replace(/\/$/, ""))
        .filter((target) => !known.has(target) && ![...known].some((file) => file.startsWith(`${target}/`)))
        .map((target) => `${path} links to ${target}`),
    );
    expect(broken).toEqual([]);
  });

  it("link only to headings that are there", () => {
    const broken = documents.flatMap((path) =>
      [...readProjectFile(path).matchAll(/\]\((?!https?:)([^)#\s]*)#([^)\s]+)\)/g)]
        .map(([, file = "", anchor = ""]) => ({ target: file === "" ? path : join(dirname(path), file), anchor }))
        .filter(({ target, anchor }) => target.endsWith(".md") && !anchorsOf(readProjectFile(target)).includes(anchor))
        .map(({ target, anchor }) => `${path} links to ${target}#${anchor}`),
    );
    expect(broken).toEqual([]);
  });
});

/** The anchors that GitHub and GitLab make of headings. */
function anchorsOf(document: string): readonly string[] {
  return [...document.matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
      .replaceAll(" ", "-"),
  );
}

const configuration = {
  extends: join(root, "tsconfig.base.json"),
  compilerOptions: {
    composite: false,
    allowImportingTsExtensions: true,
    declaration: false,
    sourceMap: false,
    noEmit: true,
    // Examples show one thing each; a variable that only the reader uses is fine.
    noUnusedLocals: false,
    paths: {
      bulkhead: [join(root, "packages/bulkhead/src/index.ts")],
      "bulkhead-server/client": [join(root, "packages/server/src/client.ts")],
      "bulkhead/*": [join(root, "packages/bulkhead/src/*.ts")],
    },
  },
  include: ["."],
};

/**
 * Each example in a file named for where it stands, after as many empty lines as come before it: error lines are those
 * of the document. An example that the document gives a name (`<!-- file: NAME -->`) has it: others can import it.
 */
function examplesOf(path: string, text: string): readonly { readonly path: string; readonly text: string }[] {
  return [...text.matchAll(/^(?:<!-- file: (\S+) -->\n)?```(?:ts|typescript)\n([\s\S]*?)^```/gm)].map((match) => {
    const [, name, code = ""] = match;
    const line = text.slice(0, match.index).split("\n").length + (name === undefined ? 0 : 1);
    const file = name === undefined ? `${path}.${line}.ts` : `${path}.files/${name}`;
    return { path: file, text: `${"\n".repeat(line)}${code}export {};\n` };
  });
}

function typeCheck(): Promise<string> {
  return new Promise((resolve) => {
    execFile(join(root, "node_modules/.bin/tsc"), ["-p", directory], { cwd: directory }, (error, stdout, stderr) => {
      resolve(error === null ? "" : `${stdout}${stderr}`);
    });
  });
}
