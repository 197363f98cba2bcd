import { architecture, sha256 } from "./layout.js";
import { type TarEntry, tar } from "./tar.js";

/** The members of an archive as `docker save` writes it, for tests that change one of them. */
export function dockerArchive(
  layers: readonly Uint8Array[],
  { config = {}, tags = ["test:v1"] }: { config?: object; tags?: readonly string[] } = {},
): TarEntry[] {
  const rootfs = { type: "layers", diff_ids: layers.map(sha256) };
  const document = JSON.stringify({ os: "linux", architecture, rootfs, ...config });
  const name = `${sha256(document).replace("sha256:", "")}.json`;
  const names = layers.map((_, number) => `layer${number}/layer.tar`);
  return [
    { name, data: document },
    ...layers.map((data, number) => ({ name: names[number] ?? "", data })),
    { name: "manifest.json", data: JSON.stringify([{ Config: name, RepoTags: tags, Layers: names }]) },
  ];
}

export function dockerArchiveTar(layers: readonly Uint8Array[], options?: Parameters<typeof dockerArchive>[1]): Buffer {
  return tar(...dockerArchive(layers, options));
}
