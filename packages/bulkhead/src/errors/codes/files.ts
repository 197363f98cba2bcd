import { entries } from "../entry.js";

/** File operations inside a sandbox, done with the rights of its user. */
export const fileCodes = entries({
  FILE_NOT_FOUND: { fault: "user", cause: "no such file or directory in the sandbox", remedy: "Check the path." },
  FILE_EXISTS: {
    fault: "user",
    cause: "it exists already",
    remedy: "Remove it first, or do not ask for exclusive creation.",
  },
  FILE_DENIED: {
    fault: "user",
    cause: "the sandbox's user may not do this",
    remedy: "Use a path below the working directory, /tmp or a writable mount.",
  },
  FILE_IS_DIRECTORY: { fault: "user", cause: "it is a directory", remedy: "Name a file." },
  FILE_NOT_DIRECTORY: { fault: "user", cause: "it is not a directory", remedy: "Name a directory." },
  FILE_NOT_EMPTY: { fault: "user", cause: "the directory is not empty", remedy: "Ask for `recursive` removal." },
  FILE_NOT_REGULAR: {
    fault: "user",
    cause: "it is not a regular file, and other kinds could block or lie",
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
    remedy: "Stream it, or raise the limit named.",
  },
  COPY_FAILED: {
    fault: "user",
    cause: "files could not be copied between this host and the sandbox",
    remedy:
      "See the path of the host and what is wrong with it. What was complete by then has its place; of a copy out only when all of it had come.",
  },
  FILE_FAILED: {
    fault: "workload",
    cause: "the file operation failed in the sandbox",
    remedy: "See the operation and errno.",
  },
});
