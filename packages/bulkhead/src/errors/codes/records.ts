import { entries } from "../entry.js";

/** Signed records of runs. */
export const recordCodes = entries({
  RECORD_KEY_INVALID: {
    fault: "user",
    cause: "the key for records cannot be used",
    remedy: "Give an ed25519 key in PEM that only you can read, or leave it out: this machine then has one of its own.",
  },
  RECORD_INVALID: {
    fault: "user",
    cause: "this is not a record that was signed with this key, or it was changed since",
    remedy: "Believe nothing of it. `--key FILE` checks with the public key of another machine.",
  },
  RECORD_NOT_WRITTEN: {
    fault: "system",
    cause: "the run is over, and its record could not be written",
    remedy: "Name a file in a directory that you may write to.",
  },
});
