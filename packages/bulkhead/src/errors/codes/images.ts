import { entries } from "../entry.js";

/** Images are hostile input until every byte of them has been checked. */
export const imageCodes = entries({
  IMAGE_INVALID: {
    fault: "user",
    cause: "the image is not valid",
    remedy: "Make or fetch it again; if it came from somebody else, do not trust it.",
  },
  IMAGE_LIMIT: {
    fault: "user",
    cause: "the image is larger than allowed when unpacked",
    remedy: "Raise the limit named if you expect an image of this size.",
  },
  IMAGE_NOT_FOUND: {
    fault: "user",
    cause: "there is no such image",
    remedy: "Check its name, path and tag: `NAME:TAG`, `oci:./layout:TAG` or `docker-archive:./image.tar`.",
  },
  IMAGE_UNPACK_FAILED: {
    fault: "system",
    cause: "the image could not be unpacked",
    remedy: "Look at what failed: most often the disk of the image store is full.",
  },
  EROFS_FAILED: {
    fault: "system",
    cause: "no EROFS image could be made for the virtual machine",
    remedy: "Look at what failed: most often the disk of the image store is full.",
  },
  IMAGE_STORE_UNAVAILABLE: {
    fault: "system",
    cause: "the image store cannot be used",
    remedy: "It must be a directory of your own that you can write to; set BULKHEAD_STORE to use another.",
  },
});
