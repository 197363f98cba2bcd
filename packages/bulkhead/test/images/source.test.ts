import { describe, expect, it } from "vitest";
import { parseImageSource } from "../../src/images/reference/source.js";

describe("parseImageSource", () => {
  it.each([
    ["oci:./layout", { kind: "oci", path: "./layout", tag: undefined }],
    ["oci:/srv/layout:v1.2", { kind: "oci", path: "/srv/layout", tag: "v1.2" }],
    ["docker-archive:image.tar", { kind: "docker-archive", path: "image.tar", tag: undefined }],
    [
      "docker-archive:image.tar:host.example:5000/a/b:v1",
      { kind: "docker-archive", path: "image.tar", tag: "host.example:5000/a/b:v1" },
    ],
    [
      "ghcr.io/owner/tool:1",
      { kind: "registry", name: { registry: "ghcr.io", repository: "owner/tool", tag: "1", digest: undefined } },
    ],
  ])("%s", (source, expected) => {
    expect(parseImageSource(source)).toEqual(expected);
  });

  it.each(["oci:", "oci::v1", "oci:a\0b", "oci:a:", "oci:a:-x", "oci:a:b c"])("refuses %j", (source) => {
    expect(() => parseImageSource(source)).toThrowError(expect.objectContaining({ code: "IMAGE_NOT_FOUND" }));
  });

  it.each(["", "./layout", "docker:x:y", "/image.tar", "OCI:./layout"])(
    "refuses %j, which is no name either",
    (source) => {
      expect(() => parseImageSource(source)).toThrowError(expect.objectContaining({ code: "IMAGE_NAME_INVALID" }));
    },
  );
});
