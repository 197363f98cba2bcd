import { chmod, rm, writeFile } from "node:fs/promises";
import { setTimeout } from "node:timers/promises";
import { explain, type Policy, run } from "bulkhead";
import { afterAll, describe, expect, test } from "vitest";
import { printed } from "../support/inside.js";
import { exceptAt } from "../support/levels.js";
import { findProgram } from "../support/programs.js";

const RESOURCES = { memory: "2GiB", pids: 512, cpus: 2 } as const;
const PAGE = "data:text/html,<p id=x>one</p><script>x.textContent+='two'</script>";
const CHROMIUM = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--user-data-dir=/tmp/c"];

/** Programs that read their own files of /etc or /var/lib, and what they say when they find them. */
const PROGRAMS: readonly (readonly [string, readonly string[], RegExp])[] = [
  [
    "R",
    ["Rscript", "-e", "cat(median(1:3), nchar(R.home('etc')) > 0, nzchar(Sys.getenv('R_LIBS_SITE')))"],
    /^2 TRUE TRUE/,
  ],
  ["Chromium", ["chromium", ...CHROMIUM, "--dump-dom", PAGE], /onetwo/],
  ["Emacs", ["emacs", "--batch", "--eval", "(princ site-run-file)"], /^site-start/],
  ["Vim", ["vim", "-es", "-u", "/etc/vim/vimrc", "+redir! >/dev/stdout", "+scriptnames", "+qa!"], /vimrc/],
  [
    "PHP",
    [
      "php",
      "-r",
      "echo php_ini_loaded_file() ?: 'none', ' ', json_encode([1, 2]), ' ', count(get_loaded_extensions());",
    ],
    / \[1,2\] \d+/,
  ],
  [
    "Ghostscript",
    ["gs", "-q", "-dNODISPLAY", "-dBATCH", "-c", "/Helvetica findfont /FontName get =="],
    /\/(Helvetica|NimbusSans-Regular)/,
  ],
  ["groff", ["sh", "-c", "printf '.TH X 1\\n.SH NAME\\nword' | groff -man -Tutf8"], /word/],
  ["man", ["sh", "-c", "printf '.TH X 1\\n.SH NAME\\nx - word\\n' >x.1; man -l x.1"], /x - word/],
  ["Perl", ["perl", "-MEncode", "-e", "print Encode::is_utf8('x') ? 'bad' : 'good'"], /^good$/],
  ["fontconfig", ["fc-list", "--version"], /fontconfig version/],
  ["Java", ["java", "-Xint", "-XshowSettings:security:providers", "-version"], /SunJSSE/],
  ["xmllint", ["sh", "-c", "echo '<a/>' | xmllint --catalogs -"], /<a\/>/],
];

await exceptAt({ microvm: "root: host is not for virtual machines" })((level) => {
  const policy = { level, root: "host", resources: RESOURCES } as const satisfies Policy;

  for (const [name, argv, expected] of PROGRAMS) {
    test.skipIf(findProgram(argv[0] ?? "") === undefined || lacksIn(argv))(`${name} finds its files`, async () => {
      const result = await run(argv, policy);
      expect(result.stdout + result.stderr).toMatch(expected);
      expect(result.stderr).not.toMatch(/\/etc\/R|cannot find system Renviron/);
    });
  }

  test("nothing that is closed, or that only this machine has, is shown", async () => {
    const secrets = [
      "shadow",
      "gshadow",
      "sudoers",
      "machine-id",
      "ssh/ssh_host_rsa_key",
      "ssl/private",
      "environment",
      "fstab",
    ];
    const script = `for name in ${secrets.join(" ")}; do test -e /etc/$name && echo $name; done; ls /var/lib/private /var/lib/systemd 2>/dev/null; true`;
    expect(await printed(script, policy)).toBe("");
  });
});

describe.runIf(process.getuid?.() === 0)("a file that the administrator wrote", () => {
  const written = "/etc/bulkhead-test-password.conf";
  afterAll(async () => await rm(written, { force: true }));

  test("is not shown, and explain says why", async () => {
    await writeFile(written, "password=hunter2\n");
    await chmod(written, 0o644);
    expect(await printed(`cat ${written} 2>/dev/null || echo hidden`, { root: "host" })).toBe("hidden\n");
    // For a second a process goes by what it saw last: too little, never too much.
    await setTimeout(1100);
    const { leftOut } = await explain({ root: "host" });
    const whyOf = (path: string) => leftOut.find((one) => one.path === path)?.why;
    expect(whyOf(written)).toBe("its name speaks of secrets");
    expect(whyOf("/etc/shadow")).toBeDefined();
    expect(whyOf("/etc/passwd")).toBe("each sandbox has its own");
    expect((await explain({})).leftOut).toEqual([]);
  });
});

/** What a shell command of a case uses. */
function lacksIn(argv: readonly string[]): boolean {
  const [, name] = /\| ?(groff|xmllint)|; (man) /.exec(argv[0] === "sh" ? (argv[2] ?? "") : "")?.filter(Boolean) ?? [];
  return name !== undefined && findProgram(name) === undefined;
}
