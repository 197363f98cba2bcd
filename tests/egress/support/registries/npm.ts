import { createHash } from "node:crypto";
import { type Files, packed } from "./files.js";

/** A registry with one package, as `npm install` wants it. */
export function npmRegistry(base: string): Files {
  const manifest = { name: "bulkheadprobe", version: "1.2.3", main: "index.js" };
  const tarball = packed(
    { "package/package.json": JSON.stringify(manifest), "package/index.js": 'module.exports = "installed";\n' },
    ["tar", "-czf", "package.tgz", "package"],
    "package.tgz",
  );
  const integrity = `sha512-${createHash("sha512").update(tarball).digest("base64")}`;
  const version = { ...manifest, dist: { tarball: `${base}/bulkheadprobe-1.2.3.tgz`, integrity } };
  return {
    "/bulkheadprobe": JSON.stringify({
      name: "bulkheadprobe",
      "dist-tags": { latest: "1.2.3" },
      versions: { "1.2.3": version },
    }),
    "/bulkheadprobe-1.2.3.tgz": tarball,
  };
}
