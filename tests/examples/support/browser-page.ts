import type { Browser } from "./browser.js";

export interface View {
  readonly width: number;
  readonly height: number;
  readonly scheme: "light" | "dark";
}

/** One tab, and everything in it that a visitor's console or network panel would show as wrong. */
export class BrowserPage {
  /** Errors and warnings of the console, exceptions, requests that failed or left `origin`. */
  readonly wrong: string[] = [];

  private constructor(
    private readonly browser: Browser,
    private readonly session: string,
    private readonly origin: string,
  ) {}

  static async open(browser: Browser, origin: string): Promise<BrowserPage> {
    const { targetId } = await browser.send("Target.createTarget", { url: "about:blank" });
    const { sessionId } = await browser.send("Target.attachToTarget", { targetId, flatten: true });
    const page = new BrowserPage(browser, String(sessionId), origin);
    browser.listen(({ method, params, sessionId: of }) => {
      if (of === page.session && params !== undefined) page.#note(method ?? "", params);
    });
    for (const domain of ["Page", "Runtime", "Log", "Network"]) await page.send(`${domain}.enable`);
    return page;
  }

  send(method: string, params: object = {}): Promise<Readonly<Record<string, unknown>>> {
    return this.browser.send(method, params, this.session);
  }

  async view({ width, height, scheme }: View): Promise<void> {
    const mobile = width < 600;
    await this.send("Emulation.setDeviceMetricsOverride", { width, height, deviceScaleFactor: 1, mobile });
    const features = [{ name: "prefers-color-scheme", value: scheme }];
    await this.send("Emulation.setEmulatedMedia", { features });
  }

  /** Loads a page of the origin, and waits until its scripts have shown it. */
  async go(path: string): Promise<void> {
    const loaded = new Promise<void>((resolve) => {
      const stop = this.browser.listen(({ method, sessionId }) => {
        if (sessionId !== this.session || method !== "Page.loadEventFired") return;
        stop();
        resolve();
      });
    });
    await this.send("Page.navigate", { url: `${this.origin}${path}` });
    await loaded;
    await this.until("document.body.style.display !== 'none'");
  }

  /** The value of an expression, which may be a promise. */
  async evaluate(expression: string): Promise<unknown> {
    const { result, exceptionDetails } = await this.send("Runtime.evaluate", {
      expression,
      awaitPromise: true,
      returnByValue: true,
    });
    if (exceptionDetails !== undefined) throw new Error(JSON.stringify(exceptionDetails));
    return (result as { readonly value?: unknown }).value;
  }

  async until(condition: string, seconds = 30): Promise<void> {
    const end = Date.now() + seconds * 1000;
    while ((await this.evaluate(condition)) !== true) {
      if (Date.now() > end) throw new Error(`not within ${seconds} s: ${condition}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  async screenshot(): Promise<Buffer> {
    const { data } = await this.send("Page.captureScreenshot", { format: "png" });
    return Buffer.from(String(data), "base64");
  }

  #note(method: string, params: Readonly<Record<string, unknown>>): void {
    const { type, level, request, response } = params as {
      readonly type?: string;
      readonly level?: string;
      readonly request?: { readonly url: string };
      readonly response?: { readonly url: string; readonly status: number };
    };
    const shown = JSON.stringify(params).slice(0, 400);
    if (method === "Runtime.consoleAPICalled" && (type === "error" || type === "warning")) this.wrong.push(shown);
    if (method === "Runtime.exceptionThrown" || method === "Network.loadingFailed") this.wrong.push(shown);
    const { entry } = params as { readonly entry?: { readonly level: string } };
    if (method === "Log.entryAdded" && (entry?.level ?? level) === "error") this.wrong.push(shown);
    if (response !== undefined && response.status >= 400) this.wrong.push(`${response.status} ${response.url}`);
    if (request !== undefined && !/^(?:data:|blob:|about:)/.test(request.url) && !request.url.startsWith(this.origin)) {
      this.wrong.push(`leaves the site: ${request.url}`);
    }
  }
}
