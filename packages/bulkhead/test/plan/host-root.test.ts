import { createHash } from "node:crypto";
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { type Findings, look } from "../../src/plan/inputs/host-root/look.js";
import { isKnown, isOfTheMachine, SECRET } from "../../src/plan/inputs/host-root/names.js";
import { fromApk, fromDpkg, fromUcf, isAsShipped, type Shipped } from "../../src/plan/inputs/host-root/shipped.js";

const top = mkdtempSync(join(tmpdir(), "bulkhead-host-root-"));
chmodSync(top, 0o755);
afterAll(() => rmSync(top, { recursive: true }));

const md5 = (text: string) => createHash("md5").update(text).digest("hex");

function file(path: string, text: string, mode = 0o644): string {
  const whole = join(top, path);
  mkdirSync(join(whole, ".."), { recursive: true });
  writeFileSync(whole, text);
  chmodSync(whole, mode);
  return whole;
}

function shipping(entries: Readonly<Record<string, string>>, made: Readonly<Record<string, string>> = {}): Shipped {
  const digests = (texts: Readonly<Record<string, string>>) =>
    new Map(Object.entries(texts).map(([path, text]) => [path, md5(text)]));
  return { algorithm: "md5", digests: digests(entries), made: digests(made) };
}

function looked(path: string, shipped: Shipped | null): Findings & { readonly whole: boolean } {
  const findings: Findings = { shown: [], left: [], marks: {} };
  return { whole: look(path, shipped, findings), ...findings };
}

describe("what package managers say they shipped", () => {
  it("is dpkg's list of configuration files", () => {
    const digest = "0123456789abcdef0123456789abcdef";
    const status = `Package: x\nConffiles:\n /etc/x/a ${digest}\n /etc/x/b ${digest} obsolete\n /etc/new newconffile\nDescription: y\n /etc/evil text\n`;
    expect([...fromDpkg(status).digests]).toEqual([
      ["/etc/x/a", digest],
      ["/etc/x/b", digest],
    ]);
  });

  it("is apk's list of files", () => {
    const sha1 = createHash("sha1").update("text");
    const installed = `P:x\nF:etc/x\nR:a\nZ:Q1${sha1.digest("base64")}\nF:usr/x\nR:b\nZ:Q1AAAA\n`;
    const path = "/etc/x/a";
    const { digests, algorithm } = fromApk(installed);
    expect([...digests.keys()]).toEqual([path]);
    expect([algorithm, digests.get(path)]).toEqual(["sha1", createHash("sha1").update("text").digest("hex")]);
  });

  it("is what ucf wrote last", () => {
    expect([...fromUcf(`${md5("x")}  /etc/x\njunk\n${md5("y")}  /var/y\n`).keys()]).toEqual(["/etc/x"]);
  });
});

describe.runIf(process.getuid?.() === 0)("a file of /etc", () => {
  it("is shown as its package shipped it, and not when it was changed, or when no package shipped it", () => {
    const path = file("etc/one", "shipped");
    expect(looked(path, shipping({ [path]: "shipped" }))).toMatchObject({ whole: true, left: [] });
    const changed = looked(path, shipping({ [path]: "other" }));
    expect(changed).toMatchObject({
      whole: false,
      left: [{ path, why: "it was changed since its package shipped it" }],
    });
    expect(looked(path, shipping({}))).toMatchObject({ whole: false, left: [{ path, why: "no package shipped it" }] });
  });

  it("that an installation script wrote is shown unless it speaks of a secret", () => {
    const [plain, secret] = [file("etc/plain", "HOME=/x"), file("etc/db", "dbpass='x'")];
    const shipped = shipping({}, { [plain]: "HOME=/x", [secret]: "dbpass='x'" });
    expect(isAsShipped(plain, shipped)).toBe(true);
    expect(isAsShipped(secret, shipped)).toBe(false);
  });

  it("that is closed to others, or another user's, stays hidden for any content", () => {
    const [closed, others] = [file("etc/closed", "x", 0o640), file("etc/others", "x")];
    chownSync(others, 4321, 4321);
    expect(looked(closed, shipping({ [closed]: "x" })).left).toEqual([{ path: closed, why: "it is closed to others" }]);
    expect(looked(others, shipping({ [others]: "x" })).left).toEqual([{ path: others, why: "it belongs to uid 4321" }]);
  });
});

describe.runIf(process.getuid?.() === 0)("a directory", () => {
  it("is one place when all of it may be shown, else its good parts are", () => {
    const good = file("d/good", "a");
    const inner = file("d/inner/good", "b");
    symlinkSync("/etc/shadow", join(top, "d/link"));
    const shipped = shipping({ [good]: "a", [inner]: "b" });
    expect(looked(join(top, "d"), shipped)).toMatchObject({ whole: true, shown: [], left: [] });
    const bad = file("d/key", "secret");
    expect(looked(join(top, "d"), shipped)).toMatchObject({
      whole: false,
      shown: [good, join(top, "d/inner")],
      left: [{ path: bad, why: "no package shipped it" }],
    });
  });

  it("that is state is shown when all of it is open, and every file that was looked at is remembered", () => {
    const state = file("state/fonts/one", "x");
    const open = looked(join(top, "state"), null);
    expect(open.whole).toBe(true);
    expect(Object.keys(open.marks).sort()).toEqual([join(top, "state"), join(top, "state/fonts"), state]);
    file("state/fonts/two", "x", 0o600);
    expect(looked(join(top, "state"), null)).toMatchObject({ whole: false });
  });
});

describe("names", () => {
  it("of secrets are recognised in any package", () => {
    for (const name of ["passwd-", "my.key", "client_secret", "credentials", "krb5.keytab", "store.p12"]) {
      expect(SECRET.test(name), name).toBe(true);
    }
    for (const name of ["R", "emacs", "keyboard", "fonts"]) expect(SECRET.test(name), name).toBe(false);
  });

  it("of what holds no secrets anywhere are a few, and none of those of the machine", () => {
    for (const name of ["fonts", "java-17-openjdk", "python3.13", "ld.so.cache"])
      expect(isKnown(name), name).toBe(true);
    for (const name of ["shadow", "sudoers", "ssh", "mysql", "environment"]) expect(isKnown(name), name).toBe(false);
    for (const name of ["sudoers.d", "cron.d", "rc5.d", "NetworkManager"]) {
      expect(isOfTheMachine(name), name).toBe(name !== "NetworkManager");
    }
  });
});
