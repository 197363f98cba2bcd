/** The pages of the site that come from Markdown, in the order of its navigation. */

export interface Section {
  readonly title: string;
  /** Paths, relative to the repository. */
  readonly pages: readonly string[];
}

export const SECTIONS: readonly Section[] = [
  { title: "Start", pages: ["docs/guide.md", "docs/install.md", "docs/policy.md"] },
  {
    title: "Tutorials",
    pages: [
      "docs/tutorials/agent-shell.md",
      "docs/tutorials/judge.md",
      "docs/tutorials/plugin-host.md",
      "docs/tutorials/ci-runner.md",
      "docs/tutorials/ubuntu-24.04.md",
      "docs/tutorials/docker.md",
    ],
  },
  {
    title: "Use",
    pages: [
      "docs/images.md",
      "docs/network.md",
      "docs/services.md",
      "docs/server.md",
      "docs/learn.md",
      "docs/firecracker.md",
      "docs/compatibility.md",
      "docs/versioning.md",
      "CHANGELOG.md",
    ],
  },
  {
    title: "Assurance",
    pages: [
      "SECURITY.md",
      "docs/assurance.md",
      "docs/surface.md",
      "docs/cve-ledger.md",
      "docs/performance.md",
      "docs/other-hosts.md",
    ],
  },
  {
    title: "Inside",
    pages: [
      "docs/architecture.md",
      "docs/privilege.md",
      "docs/channel.md",
      "docs/control.md",
      "docs/guest.md",
      "CONTRIBUTING.md",
    ],
  },
];

/** The section of documents that no section names: a new document appears without a change here. */
export const REST = "More";
/** One page for each file of docs/decisions, in the order of their numbers. */
export const DECISIONS = "Decisions";

/** Sections with every document of `documents` in one of them. Pure. */
export function sectionsOf(documents: readonly string[]): readonly Section[] {
  const named = SECTIONS.map(({ title, pages }) => ({
    title,
    pages: pages.filter((page) => documents.includes(page)),
  }));
  const rest = documents.filter((page) => !named.some(({ pages }) => pages.includes(page)));
  const isDecision = (page: string) => page.startsWith("docs/decisions/");
  return [
    ...named,
    { title: REST, pages: rest.filter((page) => !isDecision(page)) },
    { title: DECISIONS, pages: rest.filter(isDecision) },
  ].filter(({ pages }) => pages.length > 0);
}
