import { writeFile } from "node:fs/promises";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { openImage } from "../../packages/bulkhead/src/images/open.js";
import { TemporaryDirectory } from "../support/temporary.js";
import { dockerArchive, dockerArchiveTar } from "./support/archive.js";
import { pax, type TarEntry, tar, tarEntry } from "./support/tar.js";

const layers = [tar({ name: "a", data: "1" })];
const members = dockerArchive(layers);
const manifest = (value: unknown): TarEntry => ({ name: "manifest.json", data: JSON.stringify(value) });
const without = (name: string) => members.filter((member) => member.name !== name);
const config = members[0]?.name ?? "";

const archives: readonly { name: string; bytes: Buffer; code?: string; detail?: string }[] = [
  { name: "no manifest", bytes: tar(...without("manifest.json")), detail: "missing file" },
  { name: "a manifest of nothing", bytes: tar(...without("manifest.json"), manifest([])), code: "IMAGE_NOT_FOUND" },
  {
    name: "a manifest that is no list",
    bytes: tar(...without("manifest.json"), manifest({})),
    detail: "not an object",
  },
  { name: "a configuration that is missing", bytes: tar(...without(config)), detail: "missing file" },
  {
    name: "a configuration that was changed",
    bytes: tar(...without(config), { name: config, data: "{}" }),
    detail: "digest",
  },
  {
    name: "a configuration outside",
    bytes: tar(...without("manifest.json"), manifest([{ Config: "../../etc/passwd", Layers: [] }])),
    detail: "missing file",
  },
  { name: "a layer that is missing", bytes: tar(...without("layer0/layer.tar")), detail: "missing file" },
  {
    name: "a layer that is a link to the host",
    bytes: tar(...without("layer0/layer.tar"), { name: "layer0/layer.tar", type: "2", link: "/etc/passwd" }),
    detail: "missing file",
  },
  {
    name: "a layer that is a link to itself",
    bytes: tar(...without("layer0/layer.tar"), { name: "layer0/layer.tar", type: "2", link: "layer.tar" }),
    detail: "missing file",
  },
  { name: "a manifest twice", bytes: tar(...members, manifest([])), detail: "duplicate entry" },
  {
    name: "a manifest twice by another spelling",
    bytes: tar(...members, { name: "./manifest.json" }),
    detail: "duplicate entry",
  },
  { name: "an archive that is compressed twice", bytes: gzipSync(gzipSync(dockerArchiveTar(layers))) },
  { name: "cut short", bytes: dockerArchiveTar(layers).subarray(0, 3000), detail: "truncated" },
  { name: "no end marker", bytes: Buffer.concat(members.map(tarEntry)), detail: "truncated" },
  { name: "a member larger than the archive", bytes: tar({ name: "a", size: 2 ** 32 }), detail: "truncated" },
  {
    name: "a pax size that differs from the header's",
    bytes: tar(pax({ size: "512" }), { name: "a", data: "x" }),
    detail: "pax size differs from header",
  },
  { name: "a broken pax record", bytes: tar({ name: "x", type: "x", data: "99 path=a\n" }), detail: "pax record" },
  { name: "a device", bytes: tar({ name: "a", type: "3" }), detail: "entry type" },
  {
    name: "a huge manifest",
    bytes: tar(...without("manifest.json"), { name: "manifest.json", data: Buffer.alloc(5 << 20, " ") }),
    detail: "more than 4194304 bytes",
  },
  {
    name: "more members than any image has",
    bytes: Buffer.concat([...Array.from({ length: 10_001 }, (_, n) => tarEntry({ name: `f${n}` })), tar()]),
    detail: "more than 10000 entries",
  },
  { name: "an empty file", bytes: Buffer.alloc(0), detail: "truncated" },
];

describe("a hostile archive is refused before anything is unpacked", () => {
  it.each(archives)("$name", async ({ bytes, code = "IMAGE_INVALID", detail }) => {
    await using directory = await TemporaryDirectory.create("archive");
    const path = directory.join("image.tar");
    await writeFile(path, bytes);
    const error = await openImage(`docker-archive:${path}`, { store: directory.join("store") }).catch(
      (e: unknown) => e,
    );
    expect(error).toMatchObject({ code, ...(detail === undefined ? {} : { detail }) });
  });

  it("has two images and no tag says which", async () => {
    await using directory = await TemporaryDirectory.create("archive");
    const path = directory.join("image.tar");
    const entry = { Config: config, RepoTags: ["one:v1"], Layers: ["layer0/layer.tar"] };
    await writeFile(path, tar(...without("manifest.json"), manifest([entry, { ...entry, RepoTags: ["two:v1"] }])));
    const open = (suffix: string) => openImage(`docker-archive:${path}${suffix}`, { store: directory.join("store") });
    await expect(open("")).rejects.toMatchObject({ code: "IMAGE_NOT_FOUND", detail: "choose a tag: one:v1, two:v1" });
    await expect(open(":three:v1")).rejects.toMatchObject({ code: "IMAGE_NOT_FOUND", detail: "three:v1" });
  });
});
