import { entries } from "../entry.js";

/** Images are hostile input until every byte of them has been checked. */
export const imageCodes = entries({
  IMAGE_INVALID: {
    fault: "user",
    cause: "the image is not valid",
    remedy: "Build or pull the image again; if it is not your own, do not trust it.",
  },
  IMAGE_LIMIT: {
    fault: "user",
    cause: "the image is larger than allowed when unpacked",
    remedy: "Raise the limit named if you expect an image of this size.",
  },
  IMAGE_NOT_FOUND: {
    fault: "user",
    cause: "the image does not exist",
    remedy: "Check the name, path and tag: `NAME:TAG`, `oci:./layout:TAG` or `docker-archive:./image.tar`.",
  },
  IMAGE_UNPACK_FAILED: {
    fault: "system",
    cause: "the image could not be unpacked",
    remedy: "Check the operation that failed: most often the disk of the image store is full.",
  },
  SIGNATURE_MISSING: {
    fault: "user",
    cause: "the image has no signature",
    remedy:
      "Sign the image (`cosign sign`), or, if you trust it anyway, accept it with `unsigned` in the policy's `images.verify`.",
  },
  SIGNATURE_INVALID: {
    fault: "user",
    cause: "the policy accepts none of the image's signatures",
    remedy:
      "Find out why before you run the image: it may have been replaced. The detail says what is wrong with each signature.",
  },
  SIGNATURE_RULE_MISSING: {
    fault: "user",
    cause: "no rule of `images.verify` says who must have signed the image",
    remedy: "Add a rule whose `match` covers the image's repository.",
  },
  SIGNATURE_UNVERIFIABLE: {
    fault: "user",
    cause: "the image comes from a file, and Bulkhead can check signatures only in a registry",
    remedy:
      "Pull the image from its registry, or, if you built it yourself, add a rule with `unsigned: true` that matches it.",
  },
  SIGNATURE_KEY_INVALID: {
    fault: "user",
    cause: "a public key or trusted root is not valid",
    remedy: "Name a file with a public key in PEM (`cosign.pub`), or Sigstore's `trusted_root.json`.",
  },
  IMAGE_BUILD_FAILED: {
    fault: "user",
    cause: "the image could not be built from this machine's packages",
    remedy: "Read the program's output: most often a package has another name, or its mirror is unreachable.",
  },
  EROFS_FAILED: {
    fault: "system",
    cause: "the EROFS image for the virtual machine could not be built",
    remedy: "Check the operation that failed: most often the disk of the image store is full.",
  },
  IMAGE_STORE_UNAVAILABLE: {
    fault: "system",
    cause: "the image store cannot be used",
    remedy: "Make it a directory that you own and can write to, or set BULKHEAD_STORE to another one.",
  },
});
