import { expect, test } from "vitest";
import { parseOptions, UsageError } from "../options.js";

test("nothing said: nothing chosen", () => {
  expect(parseOptions([])).toMatchObject({ hosts: [], short: false, settings: {}, command: undefined });
});

test("a custom machine, and a command with its own options", () => {
  const options = parseOptions(
    "--kernel sid --user dev --apparmor off --cgroup v1 --cpus 1 --share /a:ro --share /b -- sh -c --kernel".split(" "),
  );
  expect(options.settings).toEqual({
    kernel: "sid",
    user: "dev",
    apparmor: false,
    cgroup: "v1",
    cpus: 1,
    shares: [
      { path: "/a", mode: "ro" },
      { path: "/b", mode: "rw" },
    ],
  });
  expect(options.command).toEqual(["sh", "-c", "--kernel"]);
});

test.each([
  "--kernel woody",
  "--apparmor maybe",
  "--cpus 0",
  "--cpus many",
  "--memory lots",
  "--user root;id",
  "--packages ../x",
  "--unknown",
  "--",
])("refused: %s", (text) => {
  expect(() => parseOptions(text.split(" "))).toThrow(UsageError);
});
