import { KindRouter, Slugger } from "typedoc";

/** Addresses of pages: a document has the name of its file, so that a new title breaks no link to it. */
class FileRouter extends KindRouter {
  getIdealBaseName(reflection) {
    const file = reflection.isDocument?.() ? reflection.frontmatter.file : undefined;
    return file === undefined ? super.getIdealBaseName(reflection) : addressOf(file);
  }

  buildChildPages(target, pages) {
    super.buildChildPages(target, pages);
    if (target.isDocument?.()) this.sluggers.set(target, new DocumentSlugger({ lowercase: true }));
  }
}

/** Anchors as GitHub and GitLab make them: the documents' links are written for those. */
class DocumentSlugger extends Slugger {
  serialize(heading) {
    return heading.replaceAll(/[^\p{L}\p{N}\s_-]/gu, "").replaceAll(" ", "-");
  }
}

/** `docs/guide.md` is `docs/guide`, `docs/decisions/README.md` `docs/decisions/index`, SECURITY.md `docs/security`. */
function addressOf(file) {
  const name = file.replace(/README\.md$/, "index.md").replace(/\.md$/, "");
  return name.startsWith("docs/") ? name : `docs/${name.toLowerCase()}`;
}

/** Tables scroll where the screen is narrow, with the keyboard too. */
function scrollingTables(parser) {
  parser.renderer.rules.table_open = () => '<table tabindex="0">';
}

/** TypeDoc calls this when it loads the plug-in. */
export function load(application) {
  application.renderer.defineRouter("file", FileRouter);
  // TypeDoc sets its options only after it has loaded the plug-ins.
  application.on("bootstrapEnd", () => application.options.setValue("markdownItLoader", scrollingTables));
}
