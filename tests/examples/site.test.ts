/** The documentation's site, built from this checkout, served as any static host does, and looked at in Chromium. */

import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isRequired } from "../support/levels.js";
import { findProgram } from "../support/programs.js";
import { TemporaryDirectory } from "../support/temporary.js";
import { Browser } from "./support/browser.js";
import { BrowserPage, type View } from "./support/browser-page.js";
import { execute } from "./support/execute.js";
import { root } from "./support/packages.js";
import { brokenLinks, htmlFiles } from "./support/site-links.js";
import { type Served, serve } from "./support/static-server.js";

const generator = join(root, "site/node_modules/typedoc/bin/typedoc");
const lack = !existsSync(generator)
  ? " (skipped: npm ci installs the generator)"
  : findProgram("chromium") === undefined
    ? " (skipped: ./bulkhead setup test installs chromium)"
    : "";

const WIDE: View = { width: 1440, height: 900, scheme: "light" };
const VIEWS: readonly View[] = [WIDE, { width: 390, height: 844, scheme: "dark" }];
/** One of each kind; BULKHEAD_TEST_SITE=all looks at every page, which takes minutes. */
const PAGES = ["index.html", "docs/policy.html", "classes/bulkhead.Sandbox.html"];

describe.skipIf(lack !== "" && !isRequired("site"))(`the site${lack}`, () => {
  let directory: TemporaryDirectory;
  let served: Served;
  let browser: Browser;

  beforeAll(async () => {
    directory = await TemporaryDirectory.create("site");
    const built = await execute("npm", ["run", "--silent", "site", "--", "--out", directory.join("out")], root);
    expect(built.code, built.output).toBe(0);
    served = await serve(directory.join("out"));
    browser = await Browser.start();
  }, 300_000);
  afterAll(async () => {
    await browser?.[Symbol.asyncDispose]();
    await served?.[Symbol.asyncDispose]();
    await directory?.[Symbol.asyncDispose]();
  });

  it("links only to pages, headings and files of its own, and loads nothing from elsewhere", async () => {
    expect(await brokenLinks(directory.join("out"))).toEqual([]);
  });

  it("shows its pages without an error, wide and narrow, light and dark", async () => {
    const all = process.env["BULKHEAD_TEST_SITE"] === "all";
    const paths = all ? await htmlFiles(directory.join("out")) : PAGES;
    const page = await BrowserPage.open(browser, served.origin);
    const wrong: string[] = [];
    for (const view of VIEWS) {
      await page.view(view);
      for (const path of paths) {
        await page.go(`/${path}`);
        const beyond = Number(await page.evaluate("document.documentElement.scrollWidth - window.innerWidth"));
        if (beyond > 0) wrong.push(`${path}: ${beyond} pixels wider than ${view.width}`);
        wrong.push(...(await violations(page)).map((each) => `${path}, ${view.scheme}: ${each}`));
      }
    }
    expect([...wrong, ...page.wrong]).toEqual([]);
  }, 900_000);

  it("has its front page in one screen, with every level as measured", async () => {
    const page = await BrowserPage.open(browser, served.origin);
    await page.view(WIDE);
    await page.go("/");
    expect(await page.evaluate("document.querySelector('.levels').getBoundingClientRect().bottom")).toBeLessThan(900);
    const shown = await page.evaluate("[...document.querySelectorAll('.levels tbody th')].map((e) => e.innerText)");
    expect(shown).toEqual(["chroot", "container", "gvisor", "microvm"]);
  });

  it("finds words of documents and names of the library without a server", async () => {
    const page = await BrowserPage.open(browser, served.origin);
    await page.view(WIDE);
    await page.go("/");
    await page.evaluate("document.getElementById('tsd-search-trigger').click()");
    for (const [words, path] of [
      ["metadata addresses", "docs/network.html"],
      ["Sandbox", "classes/bulkhead.Sandbox.html"],
    ]) {
      const typed = `const input = document.getElementById("tsd-search-input"); input.value = ${JSON.stringify(words)};
        input.dispatchEvent(new Event("input", { bubbles: true }));`;
      await page.evaluate(`{ ${typed} }`);
      await page.until(`document.querySelector('#tsd-search-results a[href*="${path}"]') !== null`);
    }
    expect(page.wrong).toEqual([]);
  });
});

const axe = createRequire(join(root, "site/package.json"));

/** TypeDoc's own: each heading that folds has a link to itself in it. */
const IGNORED = { "nested-interactive": { enabled: false } };

/** What axe finds that keeps people from reading a page: WCAG 2 A and AA. */
async function violations(page: BrowserPage): Promise<readonly string[]> {
  await page.evaluate(await readFile(axe.resolve("axe-core/axe.min.js"), "utf8"));
  const found =
    await page.evaluate(`axe.run({ runOnly: ["wcag2a", "wcag2aa"], rules: ${JSON.stringify(IGNORED)}, resultTypes: ["violations"] })
    .then(({ violations }) => violations.map(({ id, nodes }) =>
      id + ": " + nodes.slice(0, 3).map(({ html, any }) => html.slice(0, 160) + " " + (any[0]?.message ?? "")).join("; ")))`);
  return found as readonly string[];
}
