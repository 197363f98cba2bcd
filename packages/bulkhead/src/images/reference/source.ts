import { BulkheadError } from "../../errors/bulkhead-error.js";
import { type ImageName, parseImageName } from "./name.js";

/** Where an image is. */
export type ImageSource = ImageFile | { readonly kind: "registry"; readonly name: ImageName };

/** An image in the caller's files. */
export interface ImageFile {
  readonly kind: "oci" | "docker-archive";
  readonly path: string;
  readonly tag: string | undefined;
}

/**
 * A tag of an OCI layout (`ref.name` of the image layout specification), or the name and tag that `docker save` wrote.
 */
const TAG = /^[A-Za-z0-9][A-Za-z0-9._:/+-]{0,254}$/;

/**
 * Parses `oci:PATH[:TAG]`, `docker-archive:PATH[:NAME:TAG]`, or the name of an image in a registry. As with skopeo a
 * path ends at the first colon, so it cannot contain one. Throws IMAGE_NAME_INVALID, and IMAGE_NOT_FOUND for an
 * impossible path or tag.
 */
export function parseImageSource(source: string): ImageSource {
  return isFileSource(source) ? parseImageFile(source) : { kind: "registry", name: parseImageName(source) };
}

/** Parses `oci:PATH[:TAG]` or `docker-archive:PATH[:NAME:TAG]`. Throws IMAGE_NOT_FOUND for anything else. */
export function parseImageFile(source: string): ImageFile {
  const [kind, path, ...rest] = source.split(":");
  const tag = rest.length === 0 ? undefined : rest.join(":");
  if ((kind !== "oci" && kind !== "docker-archive") || path === undefined || path === "" || path.includes("\0")) {
    throw new BulkheadError("IMAGE_NOT_FOUND", { operation: "parse image", path: source });
  }
  if (tag !== undefined && !TAG.test(tag)) {
    throw new BulkheadError("IMAGE_NOT_FOUND", { operation: "parse image", path: source, detail: "tag" });
  }
  return { kind, path, tag };
}

function isFileSource(source: string): boolean {
  return source.startsWith("oci:") || source.startsWith("docker-archive:");
}
