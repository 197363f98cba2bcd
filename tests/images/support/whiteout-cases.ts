import { directory, file, type HostileCase, hardLink, invalid, one, symlink } from "./cases.js";
import { type TarEntry, tar } from "./tar.js";

/** What markers may be: their name alone counts. */
const markers: readonly (readonly [string, (name: string) => TarEntry])[] = [
  ["a file", (name) => file(name, "")],
  ["a file that holds something", (name) => file(name, "x")],
  ["a hard link to nothing", (name) => hardLink(name, ".wh..wh.aufs")],
  ["a hard link to a file", (name) => hardLink(name, "b")],
  ["a hard link out of the root", (name) => hardLink(name, "../../etc/passwd")],
  ["a symbolic link", (name) => symlink(name, "b")],
  ["a symbolic link without a target", (name) => symlink(name, "")],
  ["a directory", (name) => directory(`${name}/`)],
  ["a FIFO", (name) => ({ name, type: "6" })],
  ["a character device", (name) => ({ name, type: "3" })],
  ["a block device", (name) => ({ name, type: "4" })],
];

/** What hides, and what tries to hide more than it may. */
export const whiteouts: readonly HostileCase[] = [
  {
    name: "a whiteout hides a lower file",
    layers: () => [tar(file("a", "1"), file("b", "2")), tar(file(".wh.a", ""))],
    expected: { tree: ["b=2"] },
  },
  {
    name: "a whiteout hides a lower directory",
    layers: () => [tar(file("d/a"), file("b", "2")), tar(file(".wh.d", ""))],
    expected: { tree: ["b=2"] },
  },
  {
    name: "a whiteout hides nothing of its own layer",
    layers: () => [tar(file("a", "1")), tar(file("a", "2"), file(".wh.a", ""))],
    expected: { tree: ["a=2"] },
  },
  {
    name: "an opaque directory keeps what its own layer put there",
    layers: () => [
      tar(file("d/old"), file("d/e/old")),
      tar(file("d/new", "x"), file("d/e/new", "y"), file("d/.wh..wh..opq", "")),
    ],
    expected: { tree: ["d/", "d/e/", "d/e/new=y", "d/new=x"] },
  },
  {
    name: "a whiteout of a directory that its own layer makes anew",
    layers: () => [tar(file("d/old"), file("d/e/old")), tar(file("d/e/new", "x"), file(".wh.d", ""))],
    expected: { tree: ["d/", "d/e/", "d/e/new=x"] },
  },
  {
    name: "a name that goes and comes back",
    layers: () => [
      tar(file("a", "1"), file("d/x")),
      tar(file(".wh.a", ""), file(".wh.d", "")),
      tar(file("a", "3"), file("d/y", "3")),
    ],
    expected: { tree: ["a=3", "d/", "d/y=3"] },
  },
  {
    name: "opaque directories within opaque directories",
    layers: () => [
      tar(file("d/e/old"), file("d/old"), file("f", "1")),
      tar(file("d/.wh..wh..opq", ""), file("d/e/.wh..wh..opq", ""), file("d/e/.wh.x", ""), file("d/e/new", "x")),
    ],
    expected: { tree: ["d/", "d/e/", "d/e/new=x", "f=1"] },
  },
  {
    name: "whiteouts through a link of the same layer",
    layers: () => [tar(file("usr/lib/old"), file("b", "2")), tar(symlink("lib", "usr/lib"), file("lib/.wh.old", ""))],
    expected: { tree: ["b=2", "lib->usr/lib", "usr/", "usr/lib/"] },
  },
  {
    name: "a whiteout below what a later entry makes a file",
    layers: () => [tar(file("d/x"), file("b", "2")), tar(file("d/.wh.x", ""), file("d", "now"))],
    expected: { tree: ["b=2", "d=now"] },
  },
  {
    name: "a whiteout in the lowest layer",
    layers: () => one(file("a", "1"), file(".wh.b", ""), file("d/.wh..wh..opq", ""), file(".wh.a", "")),
    expected: { tree: "any" },
  },
  { name: "whiteout of the directory", layers: () => one(file("d/.wh..", "")), expected: invalid("name") },
  { name: "whiteout of the parent", layers: () => one(file("d/.wh...", "")), expected: invalid("name") },
  { name: "whiteout of nothing", layers: () => one(file("d/.wh.", "")), expected: invalid("name") },
  {
    name: "whiteout through a symbolic link",
    layers: (canary) => [tar(symlink("out", canary)), tar(file("out/.wh.secret", ""))],
    expected: { tree: ["out/"] },
  },
  {
    name: "opaque through a symbolic link",
    layers: (canary) => [tar(symlink("out", canary)), tar(file("out/.wh..wh..opq", ""))],
    expected: { tree: ["out/"] },
  },
  {
    name: "whiteout of a symbolic link removes the link",
    layers: (canary) => [tar(symlink("out", canary), file("b", "2")), tar(file(".wh.out", ""))],
    expected: { tree: ["b=2"] },
  },
  {
    name: "whiteout of a directory with a link in it",
    layers: (canary) => [tar(symlink("d/out", canary), file("b", "2")), tar(file(".wh.d", ""))],
    expected: { tree: ["b=2"] },
  },
  { name: "whiteout as a directory", layers: () => one(file(".wh.a/b")), expected: invalid("whiteout as a directory") },
  ...markers.map(
    ([kind, marker]): HostileCase => ({
      name: `a whiteout that is ${kind}`,
      layers: () => [tar(file("a", "1"), file("d/x"), file("b", "2")), tar(marker(".wh.a"), marker(".wh.d"))],
      expected: { tree: ["b=2"] },
    }),
  ),
  ...markers.map(
    ([kind, marker]): HostileCase => ({
      name: `an opaque marker that is ${kind}`,
      layers: () => [tar(file("d/x"), file("b", "2")), tar(marker("d/.wh..wh..opq"), file("d/y", "3"))],
      expected: { tree: ["b=2", "d/", "d/y=3"] },
    }),
  ),
  ...[".wh.", ".wh..", ".wh..."].flatMap((name) =>
    markers.map(
      ([kind, marker]): HostileCase => ({
        name: `a whiteout of no name (${name}) that is ${kind}`,
        layers: () => [tar(file("d/x")), tar(marker(`d/${name}`))],
        expected: invalid("name"),
      }),
    ),
  ),
  {
    name: "whiteouts as aufs makes them: hard links to one of its own",
    layers: () => [
      tar(file("a", "1"), file("d/x"), file("b", "2")),
      tar(
        file(".wh..wh.aufs", ""),
        hardLink(".wh.a", ".wh..wh.aufs"),
        hardLink("d/.wh.x", "/.wh..wh.aufs"),
        directory(".wh..wh.orph/"),
        file(".wh..wh.orph/lost", "3"),
        directory(".wh..wh.plnk/"),
        file(".wh..wh.plnk/1.2", "shared"),
        hardLink("one", ".wh..wh.plnk/1.2"),
        hardLink("e/two", ".wh..wh.plnk/1.2"),
      ),
    ],
    expected: { tree: ["b=2", "d/", "e/", "e/two=shared", "one=shared"] },
  },
  {
    name: "aufs' links, reached by a link of the image",
    layers: (canary) => [
      tar(
        file(".wh..wh.plnk/1", "x"),
        symlink("in", ".wh..wh.plnk"),
        file("in/2", "y"),
        symlink(".wh..wh.plnk/out", canary),
        file(".wh..wh.plnk/out/secret", "z"),
      ),
    ],
    expected: { tree: ["in->.wh..wh.plnk"] },
  },
  {
    name: "a hard link to a whiteout",
    layers: () => [tar(file("a", "1")), tar(file(".wh.a", ""), hardLink("b", ".wh.a"))],
    expected: invalid("target is not in the image"),
  },
  {
    name: "a hard link to aufs' own",
    layers: () => one(file(".wh..wh.aufs", ""), hardLink("b", ".wh..wh.aufs")),
    expected: invalid("target is not in the image"),
  },
  {
    name: "a hard link to what the same layer whites out",
    layers: () => [tar(file("a", "1")), tar(hardLink(".wh.a", "a"), file("a", "2"), hardLink("b", "a"))],
    expected: { tree: ["a=2", "b=2"] },
  },
  {
    name: "a whiteout and its name, in either order",
    layers: () => [
      tar(file("a", "1"), file("b", "1"), file("d/x"), file("e/x")),
      tar(
        symlink(".wh.a", "a"),
        file("a", "2"),
        file("b", "2"),
        hardLink(".wh.b", "b"),
        directory(".wh.d"),
        file("d/y"),
      ),
    ],
    expected: { tree: ["a=2", "b=2", "d/", "d/y=new", "e/", "e/x=new"] },
  },
  {
    name: "whiteout of the root's name",
    layers: () => [tar(file("a", "1")), tar(file(".wh..wh..opq", ""))],
    expected: { tree: [] },
  },
  {
    name: "aufs bookkeeping",
    layers: () => one(file(".wh..wh.plnk", ""), file("a", "1")),
    expected: { tree: ["a=1"] },
  },
];
