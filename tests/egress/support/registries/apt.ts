import { createHash } from "node:crypto";
import { type Files, packed } from "./files.js";

/** A flat repository with one package. */
export function aptRepository(): Files {
  const control = [
    "Package: bulkheadprobe",
    "Version: 1.0",
    "Architecture: all",
    "Maintainer: tests <tests@example.org>",
    "Description: a probe",
  ];
  const deb = packed(
    { "tree/DEBIAN/control": `${control.join("\n")}\n`, "tree/usr/share/bulkheadprobe": "downloaded\n" },
    ["dpkg-deb", "--build", "--root-owner-group", "tree", "probe.deb"],
    "probe.deb",
  );
  const sha256 = createHash("sha256").update(deb).digest("hex");
  const entry = [...control, "Filename: ./probe.deb", `Size: ${deb.length}`, `SHA256: ${sha256}`];
  return { "/apt/./Packages": `${entry.join("\n")}\n`, "/apt/./probe.deb": deb };
}
