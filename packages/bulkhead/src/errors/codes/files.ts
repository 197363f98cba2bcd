import { entries } from "../entry.js";

/** File operations inside a sandbox, with the permissions of its user. */
export const fileCodes = entries({
  FILE_NOT_FOUND: { fault: "user", cause: "no such file or directory in the sandbox", remedy: "Check the path." },
  FILE_EXISTS: {
    fault: "user",
    cause: "the file already exists in the sandbox",
    remedy: "Remove the file first, or drop exclusive creation.",
  },
  FILE_DENIED: {
    fault: "user",
    cause: "the sandbox's user lacks permission for this file operation",
    remedy: "Use a path below the working directory, /tmp or a writable mount.",
  },
  FILE_IS_DIRECTORY: { fault: "user", cause: "the path is a directory", remedy: "Name a file." },
  FILE_NOT_DIRECTORY: { fault: "user", cause: "the path is not a directory", remedy: "Name a directory." },
  FILE_NOT_EMPTY: { fault: "user", cause: "the directory is not empty", remedy: "Remove it with `recursive`." },
  FILE_NOT_REGULAR: {
    fault: "user",
    cause: "the path is not a regular file; other kinds could block the read or report a false size",
    remedy: "Name a regular file.",
  },
  FILE_NO_SPACE: {
    fault: "workload",
    cause: "the file system in the sandbox is full",
    remedy: "Raise `resources.disk`.",
  },
  FILE_TOO_LARGE: {
    fault: "user",
    cause: "the file is larger than allowed",
    remedy: "Stream the file, or raise the limit named.",
  },
  COPY_FAILED: {
    fault: "user",
    cause: "files could not be copied between this host and the sandbox",
    remedy:
      "Fix the host path named. A copy into the sandbox keeps the files that were complete; a copy out keeps files only when it completes as a whole.",
  },
  FILE_FAILED: {
    fault: "workload",
    cause: "the file operation failed in the sandbox",
    remedy: "Check the operation and errno.",
  },
});
