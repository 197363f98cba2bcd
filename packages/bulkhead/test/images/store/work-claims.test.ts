import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { newToken } from "../../../src/host/owner-token.js";
import { WorkClaims } from "../../../src/images/store/work-claims.js";

let directory = "";
let claims: WorkClaims;
const never = () => Promise.resolve(false);
/** The name of a process that is gone: this one's, started earlier. */
const dead = () => newToken().replace(/^(\d+)-\d+/, "$1-1");

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "bulkhead-test-turns-"));
  claims = new WorkClaims(directory);
});
afterEach(() => rm(directory, { recursive: true, force: true }));

describe("WorkClaims", () => {
  it("gives one, and the next when it ended", async () => {
    const first = await claims.take("a", never);
    const second = claims.take("a", never);
    const other = await claims.take("b", never);
    expect(await readdir(directory)).toHaveLength(2);
    await first?.end();
    expect(await second).toBeDefined();
    await (await second)?.end();
    await other?.end();
    expect(await readdir(directory)).toEqual([]);
  });

  it("waits no longer than until it is done", async () => {
    let done = false;
    const first = await claims.take("a", never);
    const second = claims.take("a", () => Promise.resolve(done));
    done = true;
    await first?.end();
    expect(await second).toBeUndefined();
    expect(await readdir(directory)).toEqual([]);
  });

  it("takes over a claim that its holder released, or that it held when it died", async () => {
    const first = await claims.take("a", never);
    await writeFile(first?.path ?? "", "half");
    await first?.release();
    expect(await readdir(directory)).toEqual(["a.free"]);
    const second = await claims.take("a", never);
    expect(await readFile(second?.path ?? "", "utf8")).toBe("half");
    await second?.end();
    await writeFile(join(directory, `a.${dead()}`), "dead");
    const third = await claims.take("a", never);
    expect(await readFile(third?.path ?? "", "utf8")).toBe("dead");
    expect(await readdir(directory)).toHaveLength(1);
  });

  it("finds claims without a holder", async () => {
    await claims.take("live", never);
    await (await claims.take("left", never))?.release();
    const name = `gone.${dead()}`;
    await writeFile(join(directory, name), "");
    expect([...(await claims.leftOver())].sort()).toEqual([join(directory, name), join(directory, "left.free")].sort());
  });

  it("is given up when its caller says so", async () => {
    await claims.take("a", never);
    const abort = new AbortController();
    setTimeout(() => abort.abort(), 20);
    await expect(claims.take("a", never, abort.signal)).rejects.toMatchObject({ code: "ABORTED" });
  });

  it("goes to few of many that ask in one moment, and to all in the end", async () => {
    let inside = 0;
    let most = 0;
    const work = Array.from({ length: 20 }, async () => {
      const claim = await claims.take("a", never);
      inside += 1;
      most = Math.max(most, inside);
      await new Promise((resolve) => setTimeout(resolve, 1));
      inside -= 1;
      await claim?.end();
    });
    await Promise.all(work);
    expect(most).toBeLessThanOrEqual(4);
    expect(await readdir(directory)).toEqual([]);
  });
});
