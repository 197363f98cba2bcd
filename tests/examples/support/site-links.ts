import { readdir, readFile } from "node:fs/promises";
import { join, posix } from "node:path";

/** Paths of all pages below `directory`. */
export async function htmlFiles(directory: string): Promise<readonly string[]> {
  return (await readdir(directory, { recursive: true })).filter((path) => path.endsWith(".html")).toSorted();
}

/** Each link of each page that leads nowhere, and each script, style, picture or font of another origin. */
export async function brokenLinks(directory: string): Promise<readonly string[]> {
  const files = new Set((await readdir(directory, { recursive: true })).map((path) => path.toString()));
  const pages = new Map<string, string>();
  for (const path of await htmlFiles(directory)) pages.set(path, await readFile(join(directory, path), "utf8"));
  const anchors = new Map([...pages].map(([path, html]) => [path, anchorsOf(html)]));
  return [...pages].flatMap(([path, html]) =>
    [...html.matchAll(/<(\w+)\s[^>]*?(href|src)="([^"]*)"/g)].flatMap(([, tag = "", , link = ""]) => {
      if (/^(?:https?:)?\/\//.test(link)) return tag === "a" ? [] : [`${path} loads ${link}`];
      if (/^(?:data|mailto):/.test(link)) return [];
      const [file = "", anchor = ""] = decodeURIComponent(link).replaceAll("&amp;", "&").split("#");
      const target = file === "" ? path : posix.normalize(posix.join(posix.dirname(path), file.replace(/\?.*/, "")));
      const known = files.has(target) && (anchor === "" || (anchors.get(target)?.has(anchor) ?? true));
      return known ? [] : [`${path} links to ${link}`];
    }),
  );
}

function anchorsOf(html: string): ReadonlySet<string> {
  return new Set([...html.matchAll(/\sid="([^"]*)"/g)].map(([, id = ""]) => id));
}
