import { dirname, join, relative } from "node:path";

/** How a link of a document leads on the site: to a page, to a file copied beside it, or nowhere. */
export type Destination = "page" | "file" | "none";

export interface Page {
  /** Relative to the repository. */
  readonly path: string;
  readonly section: string;
  readonly text: string;
}

/**
 * A document as TypeDoc reads it: front matter with its title and section; no link to what is not on the site; headings
 * whose code counts as text, since TypeDoc leaves `code` out of anchors. Pure.
 */
export function prepared({ path, section, text }: Page, destination: (path: string) => Destination): string {
  const front = { title: titleOf(text), group: section, file: path };
  const lines = Object.entries(front).map(([name, value]) => `${name}: ${JSON.stringify(value)}`);
  const body = outsideCode(text, (prose) => linked(codeInHeadings(prose), path, destination));
  return ["---", ...lines, "---", body].join("\n");
}

/** The text of the first heading, without marks of code. */
export function titleOf(text: string): string {
  return (/^# (.*)$/m.exec(text)?.[1] ?? "").replaceAll("`", "");
}

/** Files, relative to the repository, that the links and pictures of a document name. */
export function targetsOf(path: string, text: string): readonly string[] {
  const targets: string[] = [];
  outsideCode(text, (prose) => {
    targets.push(...[...prose.matchAll(LINK)].map(([, , target = ""]) => resolved(path, target)));
    return prose;
  });
  return targets.filter((target) => target !== "");
}

/** `[text](target)` and `![text](target)`; a target has neither a scheme nor only an anchor. */
const LINK = /\[((?:`[^`]*`|!\[[^\]]*\]\([^)]*\)|[^\]])*)\]\((?![a-z]+:|#)([^)\s]+)\)/g;

function linked(prose: string, path: string, destination: (path: string) => Destination): string {
  return prose.replace(LINK, (whole, label: string, target: string) =>
    destination(resolved(path, target)) === "none" ? label : whole,
  );
}

function resolved(path: string, target: string): string {
  return relative(".", join(dirname(path), target.replace(/#.*/, "")));
}

function codeInHeadings(prose: string): string {
  return prose.replace(/^#+ .*$/gm, (heading) =>
    heading.replace(/`([^`]*)`/g, (_, code: string) => `<code>${escaped(code)}</code>`),
  );
}

export function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

/** Applies `change` to everything but fenced blocks. */
function outsideCode(text: string, change: (prose: string) => string): string {
  return text
    .split(/(^```[\s\S]*?^```$)/m)
    .map((part) => (part.startsWith("```") ? part : change(part)))
    .join("");
}
