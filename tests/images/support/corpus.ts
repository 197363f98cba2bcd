import { deep, directory, file, type HostileCase, hardLink, invalid, limit, one, symlink } from "./cases.js";
import { sparse } from "./sparse-cases.js";
import { gnuLong, pax, tar, tarEntry } from "./tar.js";
import { whiteouts } from "./whiteout-cases.js";

const paths: readonly HostileCase[] = [
  {
    name: "an absolute path stays below",
    layers: (canary) => one(file(`${canary}/secret`.slice(0, 100))),
    expected: { tree: "any" },
  },
  { name: "..", layers: () => one(file("../secret")), expected: invalid("..") },
  { name: ".. that would stay inside", layers: () => one(file("a/../b")), expected: invalid("..") },
  { name: ".. at the end", layers: () => one(directory("a/..")), expected: invalid("..") },
  { name: ".. in a pax path", layers: () => one(pax({ path: "a/../../secret" }), file("a")), expected: invalid("..") },
  { name: ".. in a GNU long name", layers: () => one(gnuLong("L", "../secret"), file("a")), expected: invalid("..") },
  { name: "300 directories deep", layers: () => one(gnuLong("L", deep(300)), file("a")), expected: limit("max-depth") },
  {
    name: "a name of 256 bytes",
    layers: () => one(gnuLong("L", "n".repeat(256)), file("a")),
    expected: invalid("name too long"),
  },
  {
    name: "a path longer than the store can hold",
    layers: () => one(gnuLong("L", "a/".repeat(1900)), file("a")),
    expected: invalid("path too long"),
  },
  {
    name: "a long name longer than a path",
    layers: () => one(gnuLong("L", "a".repeat(5000)), file("a")),
    expected: limit("extension bytes"),
  },
  { name: "NUL in a pax path", layers: () => one(pax({ path: "a\0b" }), file("a")), expected: invalid("NUL") },
  { name: "NUL in a long name", layers: () => one(gnuLong("L", "a\0b"), file("a")), expected: invalid("name") },
  {
    name: "newline and invalid UTF-8 are only bytes",
    layers: () => one(pax({ path: "a\n\xff\xfe" }), file("a", "x"), file("\x80\nb", "y")),
    expected: { tree: ["a\n\xff\xfe=x", "\x80\nb=y"] },
  },
  { name: "a file called like the root", layers: () => one(file("./")), expected: invalid("root") },
];

const links: readonly HostileCase[] = [
  {
    name: "a symbolic link, then a file through it",
    layers: (canary) => one(symlink("out", canary), file("out/secret")),
    expected: { tree: "any" },
  },
  {
    name: "a relative symbolic link, then a file through it",
    layers: () => one(symlink("out", "../canary"), file("out/secret")),
    expected: { tree: ["canary/", "canary/secret=new", "out->../canary"] },
  },
  {
    name: "links that lead upwards end at the root",
    layers: () => one(symlink("a/b/up", "../../../../.."), file("a/b/up/etc/passwd", "x")),
    expected: { tree: ["a/", "a/b/", "a/b/up->../../../../..", "etc/", "etc/passwd=x"] },
  },
  {
    name: "a link within the image is followed where a parent is meant",
    layers: () => one(directory("usr/lib"), symlink("lib", "usr/lib"), file("lib/x", "1"), hardLink("y", "lib/x")),
    expected: { tree: ["lib->usr/lib", "usr/", "usr/lib/", "usr/lib/x=1", "y=1"] },
  },
  {
    name: "a link changed between two entries",
    layers: (canary) =>
      one(symlink("l", "d"), file("l/x", "1"), symlink("l", canary), symlink("l", "e"), file("l/x", "2")),
    expected: { tree: ["d/", "d/x=1", "e/", "e/x=2", "l->e"] },
  },
  {
    name: "links that lead to each other",
    layers: () => one(symlink("a", "b"), symlink("b", "a"), file("a/x")),
    expected: invalid("too many links"),
  },
  {
    name: "links that lead deeper than any name",
    layers: () =>
      one(
        ...Array.from({ length: 39 }, (_, n) => symlink(`${n}`, `${n + 1}/${"n".repeat(45)}/${"m".repeat(45)}`)),
        directory("39"),
        file("0/x"),
      ),
    expected: limit("max-depth"),
  },
  {
    name: "a symbolic link, then a file of its name",
    layers: (canary) => one(symlink("a", `${canary}/secret`), file("a", "x")),
    expected: { tree: ["a=x"] },
  },
  {
    name: "a symbolic link, then a directory of its name",
    layers: (canary) => one(symlink("a", canary), directory("a"), file("a/secret", "x")),
    expected: { tree: ["a/", "a/secret=x"] },
  },
  {
    name: "a parent that a lower layer made a link",
    layers: (canary) => [tar(symlink("a", canary)), tar(file("a/secret"))],
    expected: { tree: ["a/", "a/secret=new"] },
  },
  {
    name: "a parent that an upper layer makes a link",
    layers: (canary) => [tar(file("a/b", "x")), tar(symlink("a", canary), file("a/secret"))],
    expected: { tree: "any" },
  },
  {
    name: "a file as a parent",
    layers: () => one(file("a"), file("a/b")),
    expected: invalid("parent is not a directory"),
  },
  {
    name: "a hard link to an absolute path is one inside",
    layers: (canary) => one(hardLink("a", `${canary}/secret`)),
    expected: invalid("target is not in the image"),
  },
  { name: "a hard link upwards", layers: () => one(hardLink("a", "../canary/secret")), expected: invalid("..") },
  {
    name: "a hard link through a symbolic link",
    layers: (canary) => one(symlink("out", canary), hardLink("a", "out/secret")),
    expected: invalid("target is not in the image"),
  },
  {
    name: "a hard link to a symbolic link, then writing to it",
    layers: (canary) => one(symlink("s", `${canary}/secret`), hardLink("h", "s"), file("h", "x")),
    expected: { tree: ["h=x", "s->CANARY/secret"] },
  },
  {
    name: "a hard link to a directory",
    layers: () => one(directory("d"), hardLink("a", "d")),
    expected: invalid("target is a directory"),
  },
  {
    name: "a hard link to the root",
    layers: () => one(hardLink("a", ".")),
    expected: invalid("target is not in the image"),
  },
  {
    name: "a hard link to itself",
    layers: () => one(file("a"), hardLink("a", "./a")),
    expected: invalid("target is the link itself"),
  },
  {
    name: "a hard link that would remove its target",
    layers: () => one(file("a/b"), hardLink("a", "a/b")),
    expected: invalid("target is the link itself"),
  },
  {
    name: "writing to a linked file of a lower layer changes one name",
    layers: () => [tar(file("a", "old"), hardLink("b", "a")), tar(file("a", "x"))],
    expected: { tree: ["a=x", "b=old"] },
  },
  { name: "a symbolic link without a target", layers: () => one(symlink("a", "")), expected: invalid("target") },
  {
    name: "a hard link with data",
    layers: () => one(file("a"), { ...hardLink("b", "a"), data: "smuggled" }),
    expected: invalid("data behind an entry that has none"),
  },
];

const headers: readonly HostileCase[] = [
  {
    name: "a file twice: the last wins",
    layers: () => one(file("a", "1"), file("a", "2")),
    expected: { tree: ["a=2"] },
  },
  { name: "a directory becomes a file", layers: () => one(file("a/b"), file("a", "2")), expected: { tree: ["a=2"] } },
  {
    name: "devices and FIFOs are dropped",
    layers: () => one({ name: "null", type: "3" }, { name: "sda", type: "4" }, { name: "fifo", type: "6" }),
    expected: { tree: [] },
  },
  {
    name: "a pax size that differs from the header's",
    layers: () => one(pax({ size: "512" }), file("a", "x")),
    expected: invalid("pax size differs from header"),
  },
  {
    name: "a pax size alone",
    layers: () => one(pax({ size: "1" }), { ...file("a", "x"), size: 0 }),
    expected: { tree: ["a=x"] },
  },
  {
    name: "two pax headers",
    layers: () => one(pax({ path: "a" }), pax({ path: "b" }), file("c")),
    expected: invalid("duplicate extension"),
  },
  {
    name: "a pax and a GNU name",
    layers: () => one(pax({ path: "a" }), gnuLong("L", "b"), file("c")),
    expected: invalid("both pax and GNU name"),
  },
  {
    name: "a name for all entries",
    layers: () => one(pax({ path: "a" }, "g"), file("b")),
    expected: invalid("global name or size"),
  },
  {
    name: "a pax header of many megabytes",
    layers: () => one({ name: "x", type: "x", size: 2 ** 30 }, file("a")),
    expected: limit("extension bytes"),
  },
  {
    name: "a file that claims an exabyte",
    layers: () =>
      one({ ...file("a", "x"), patch: (header) => header.write("\x80\0\0\0\x10\0\0\0\0\0\0\0", 124, "latin1") }),
    expected: limit("max-bytes"),
  },
  {
    name: "a size beyond 63 bits",
    layers: () => one({ ...file("a"), patch: (header) => header.fill(0xff, 125, 136).fill(0x80, 124, 125) }),
    expected: invalid("number"),
  },
  {
    name: "a negative size",
    layers: () => one({ ...file("a"), patch: (header) => header.fill(0xff, 124, 136) }),
    expected: invalid("number"),
  },
  {
    name: "a size in another base",
    layers: () => one({ ...file("a"), patch: (header) => header.write("0x10\0", 124, "latin1") }),
    expected: invalid("number"),
  },
  { name: "a wrong checksum", layers: () => [flipped(tar(file("a")), 0)], expected: invalid("checksum") },
  { name: "an unknown type", layers: () => one({ name: "a", type: "M" }), expected: invalid("entry type") },
  {
    name: "entries behind the end",
    layers: () => [Buffer.concat([tar(file("a")), tar(file("b"))])],
    expected: invalid("data behind the end"),
  },
  {
    name: "a header behind one block of zeros",
    layers: () => [Buffer.concat([tarEntry(file("a")), Buffer.alloc(512), tar(file("b"))])],
    expected: invalid("data behind the end"),
  },
  {
    name: "no end marker, where a header may stand",
    layers: () => [tarEntry(file("a", "x"))],
    expected: { tree: ["a=x"] },
  },
  {
    name: "no end marker behind an extension",
    layers: () => [Buffer.concat([tarEntry(file("a")), tarEntry(pax({ path: "b" }))])],
    expected: invalid("truncated"),
  },
  {
    name: "cut short in the data",
    layers: () => [tar(file("a", "x".repeat(2000))).subarray(0, 1024)],
    expected: invalid("truncated"),
  },
  { name: "cut short in a header", layers: () => [tar(file("a")).subarray(0, 100)], expected: invalid("truncated") },
  { name: "an extension of nothing", layers: () => one(pax({ path: "a" })), expected: invalid("extension of nothing") },
  { name: "no bytes at all", layers: () => [Buffer.alloc(0)], expected: invalid("truncated") },
];

const sizes: readonly HostileCase[] = [
  {
    name: "more entries than allowed",
    layers: () => one(file("a"), file("b"), file("c")),
    flags: ["--max-entries", "2"],
    expected: limit("max-entries"),
  },
  {
    name: "more directories than allowed, most of them implied",
    layers: () => one(file("a/b/c/d/e/f"), file("g")),
    flags: ["--max-entries", "6"],
    expected: limit("max-entries"),
  },
  {
    name: "more bytes than allowed",
    layers: () => one(file("a", "x".repeat(8192))),
    flags: ["--max-bytes", "4096"],
    expected: limit("max-bytes"),
  },
  {
    name: "bytes behind the end count",
    layers: () => [Buffer.concat([tar(file("a")), Buffer.alloc(8192)])],
    flags: ["--max-bytes", "4096"],
    expected: limit("max-bytes"),
  },
  {
    name: "names that would fill the memory",
    layers: () => one(...Array.from({ length: 50 }, (_, number) => directory(`${"n".repeat(90)}${number}`))),
    flags: ["--max-name-bytes", "2000"],
    expected: limit("max-name-bytes"),
  },
];

/** Every hostile layer that is told apart by the unpacker itself. */
export const corpus: readonly HostileCase[] = [...paths, ...links, ...whiteouts, ...headers, ...sparse, ...sizes];

function flipped(bytes: Buffer, at: number): Buffer {
  return Buffer.from(bytes.map((byte, index) => (index === at ? byte ^ 1 : byte)));
}
