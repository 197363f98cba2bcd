import { entries } from "../entry.js";

/** Signed records of runs. */
export const recordCodes = entries({
  RECORD_KEY_INVALID: {
    fault: "user",
    cause: "the signing key for records is not valid",
    remedy:
      "Give an ed25519 key in PEM that only you can read, or give none: Bulkhead then uses this machine's own key.",
  },
  RECORD_INVALID: {
    fault: "user",
    cause: "the record was not signed with this key, or was changed after it was signed",
    remedy:
      "Do not trust the record. If another machine signed it, check it with that machine's public key (`--key FILE`).",
  },
  RECORD_NOT_WRITTEN: {
    fault: "system",
    cause: "the run ended, but its record could not be written",
    remedy: "Name a file in a directory that you may write to.",
  },
});
