import { file, type HostileCase, invalid, limit, one } from "./cases.js";
import { pax, type TarEntry, tar, tarEntry } from "./tar.js";

type Piece = readonly [offset: number, length: number];

/**
 * GNU's old format: the map in the header, and 21 pieces in each block behind it. Nothing is checked, as in `tarEntry`.
 */
export function oldSparse(name: string, size: number, pieces: readonly Piece[], data: string): Buffer {
  const rest = pieces.slice(4);
  const blocks = Array.from({ length: Math.ceil(rest.length / 21) }, (_, index) => {
    const block = Buffer.alloc(512);
    writePieces(block, 0, rest.slice(index * 21, index * 21 + 21));
    block[504] = rest.length > index * 21 + 21 ? 1 : 0;
    return block;
  });
  const entry = tarEntry({
    name,
    type: "S",
    data,
    patch: (header) => {
      header.write("ustar  \0", 257, "latin1");
      header.fill(0, 265, 512);
      writePieces(header, 386, pieces.slice(0, 4));
      header[482] = blocks.length > 0 ? 1 : 0;
      header.write(`${size.toString(8).padStart(11, "0")}\0`, 483, "latin1");
    },
  });
  return Buffer.concat([entry.subarray(0, 512), ...blocks, entry.subarray(512)]);
}

function writePieces(block: Buffer, at: number, pieces: readonly Piece[]): void {
  const numbers = pieces.flat();
  numbers.forEach((value, index) => {
    block.write(`${value.toString(8).padStart(11, "0")}\0`, at + index * 12, "latin1");
  });
}

/** pax 0.1; the entry behind it holds the data, under a name that nobody is to see. */
export function paxSparse(name: string, size: number, pieces: readonly Piece[], data: string): readonly TarEntry[] {
  const records = { size: `${size}`, numblocks: `${pieces.length}`, map: pieces.flat().join(","), name };
  return [pax(gnu(records)), { name: "GNUSparseFile.1/x", data }];
}

/** pax 1.0: the map stands before the data. */
export function aheadSparse(name: string, size: number, map: string, data: string): readonly TarEntry[] {
  const padded = map.padEnd(Math.ceil(map.length / 512) * 512, "\0");
  return [
    pax(gnu({ major: "1", minor: "0", name, realsize: `${size}` })),
    { name: "GNUSparseFile.1/x", data: padded + data },
  ];
}

function gnu(records: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(records).map(([key, value]) => [`GNU.sparse.${key}`, value]));
}

const ended = (entry: Buffer) => [Buffer.concat([entry, Buffer.alloc(1024)])];
const holes = "a=\0\0\0\0ab\0\0cd\0\0";
const HUGE = 2 ** 40;

/** Sparse files of each kind, and maps that lie. */
export const sparse: readonly HostileCase[] = [
  {
    name: "a GNU sparse file",
    layers: () =>
      ended(
        oldSparse(
          "a",
          12,
          [
            [4, 2],
            [8, 2],
            [12, 0],
          ],
          "abcd",
        ),
      ),
    expected: { tree: [holes] },
  },
  {
    name: "a GNU sparse file with its map in several blocks",
    layers: () =>
      ended(
        oldSparse(
          "a",
          60,
          Array.from({ length: 30 }, (_, n) => [n * 2, 1] as const),
          "x".repeat(30),
        ),
      ),
    expected: { tree: [`a=${"x\0".repeat(30)}`] },
  },
  {
    name: "a sparse file of pax 0.0",
    layers: () => {
      const pairs = [4, 2, 8, 2].map((value, at) => `GNU.sparse.${at % 2 === 0 ? "offset" : "numbytes"}=${value}`);
      return one(paxLines(["GNU.sparse.size=12", "GNU.sparse.numblocks=2", ...pairs]), file("a", "abcd"));
    },
    expected: { tree: [holes] },
  },
  {
    name: "a sparse file of pax 0.1",
    layers: () =>
      one(
        ...paxSparse(
          "a",
          12,
          [
            [4, 2],
            [8, 2],
          ],
          "abcd",
        ),
        file("b", "x"),
      ),
    expected: { tree: [holes, "b=x"] },
  },
  {
    name: "a sparse file of pax 1.0",
    layers: () => one(...aheadSparse("a", 12, "2\n4\n2\n8\n2\n", "abcd"), file("b", "x")),
    expected: { tree: [holes, "b=x"] },
  },
  {
    name: "a sparse file's name that leads upwards",
    layers: () => one(...paxSparse("../a", 1, [[0, 1]], "x")),
    expected: invalid(".."),
  },
  {
    name: "sparse pieces that overlap",
    layers: () =>
      one(
        ...paxSparse(
          "a",
          12,
          [
            [4, 2],
            [5, 2],
          ],
          "abcd",
        ),
      ),
    expected: invalid("pieces out of order"),
  },
  {
    name: "sparse pieces that go backwards",
    layers: () =>
      ended(
        oldSparse(
          "a",
          12,
          [
            [8, 2],
            [4, 2],
          ],
          "abcd",
        ),
      ),
    expected: invalid("pieces out of order"),
  },
  {
    name: "a sparse piece behind the end of its file",
    layers: () => one(...aheadSparse("a", 12, "1\n10\n4\n", "abcd")),
    expected: invalid("piece beyond the end"),
  },
  {
    name: "a sparse piece whose end has no number",
    layers: () => one(...aheadSparse("a", 12, `1\n${2n ** 64n - 1n}\n4\n`, "abcd")),
    expected: invalid("piece beyond the end"),
  },
  {
    name: "more sparse data than there is",
    layers: () => one(...paxSparse("a", 12, [[4, 8]], "abcd")),
    expected: invalid("size differs from header"),
  },
  {
    name: "less sparse data than there is",
    layers: () => one(...paxSparse("a", 12, [[4, 2]], "abcd")),
    expected: invalid("size differs from header"),
  },
  {
    name: "a sparse map longer than its entry",
    layers: () => one(...aheadSparse("a", 12, `10000000000\n${"0\n0\n".repeat(125)}`, "")),
    expected: invalid("truncated"),
  },
  {
    name: "a sparse map that is no number",
    layers: () => one(...aheadSparse("a", 12, "1\n-4\n4\n", "abcd")),
    expected: invalid("number"),
  },
  {
    name: "something behind a sparse map in its block",
    layers: () => one(...aheadSparse("a", 12, "1\n0\n4\nsmuggled", "abcd")),
    expected: invalid("data behind the map"),
  },
  {
    name: "a sparse file of a terabyte",
    layers: () => one(...paxSparse("a", HUGE, [[HUGE, 0]], "")),
    expected: limit("max-bytes"),
  },
  {
    name: "many sparse files that come to a terabyte",
    layers: () => one(...Array.from({ length: 1024 }, (_, n) => paxSparse(`${n}`, 2 ** 30, [], "")).flat()),
    expected: limit("max-bytes"),
  },
  {
    name: "two sparse maps",
    layers: () => [
      Buffer.concat([
        tarEntry(pax(gnu({ size: "1", numblocks: "0", map: "" }))),
        oldSparse("a", 4, [[0, 4]], "abcd"),
        Buffer.alloc(1024),
      ]),
    ],
    expected: invalid("two sparse maps"),
  },
  {
    name: "a sparse directory",
    layers: () => one(pax(gnu({ size: "1", numblocks: "1", map: "0,0" })), { name: "d", type: "5" }),
    expected: invalid("data behind an entry that has none"),
  },
  {
    name: "a sparse map for all entries",
    layers: () => one(pax(gnu({ size: "1", numblocks: "1", map: "0,1" }), "g"), file("a", "x")),
    expected: invalid("global name or size"),
  },
  {
    name: "a GNU sparse header without GNU's magic",
    layers: () => [tar({ name: "a", type: "S" })],
    expected: invalid("not GNU's"),
  },
];

/** Records that are there more than once, in this order. */
function paxLines(records: readonly string[]): TarEntry {
  const line = (record: string) => {
    const rest = ` ${record}\n`;
    return `${rest.length + 2}${rest}`;
  };
  return { name: "PaxHeaders/x", type: "x", data: records.map(line).join("") };
}
