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
  SIGNATURE_MISSING: {
    fault: "user",
    cause: "the image has no signature",
    remedy: "Sign it (`cosign sign`), or let `images.verify` of the policy take it `unsigned`, if you trust it anyway.",
  },
  SIGNATURE_INVALID: {
    fault: "user",
    cause: "no signature of the image is one that the policy accepts",
    remedy:
      "Do not run it before you know why: it may have been replaced. The detail says what was wrong with each signature.",
  },
  SIGNATURE_RULE_MISSING: {
    fault: "user",
    cause: "no rule of `images.verify` says who must have signed the image",
    remedy: "Add a rule whose `match` covers its repository.",
  },
  SIGNATURE_UNVERIFIABLE: {
    fault: "user",
    cause: "signatures of images in files cannot be checked",
    remedy: "Pull it from its registry, or add a rule with `unsigned: true` that matches it if you made it yourself.",
  },
  SIGNATURE_KEY_INVALID: {
    fault: "user",
    cause: "a public key or trusted root cannot be used",
    remedy: "It must be a file with a public key in PEM (`cosign.pub`), or a `trusted_root.json` of Sigstore.",
  },
  IMAGE_BUILD_FAILED: {
    fault: "user",
    cause: "the image could not be made of this machine's packages",
    remedy: "Look at what the program said: most often a package has another name, or its mirror cannot be reached.",
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
