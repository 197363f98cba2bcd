import { BulkheadError } from "../../errors/bulkhead-error.js";

/** Where an image is. */
export type ImageSource =
  | { readonly kind: "oci"; readonly path: string; readonly tag: string | undefined }
  | { readonly kind: "docker-archive"; readonly path: string; readonly tag: string | undefined };

/** A tag of an OCI layout (`ref.name` of the image layout specification), or the name and tag that `docker save` wrote. */
const TAG = /^[A-Za-z0-9][A-Za-z0-9._:/+-]{0,254}$/;

/**
 * Reads `oci:PATH[:TAG]` or `docker-archive:PATH[:NAME:TAG]`. As with skopeo the path ends at the first colon, so it
 * cannot hold one. Throws IMAGE_NOT_FOUND for anything else.
 */
export function parseImageSource(source: string): ImageSource {
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
