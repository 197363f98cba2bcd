/**
 * Scripts for busybox's shell, run in an empty directory that they leave empty; long enough that their start does not
 * matter.
 */
export const workloads = {
  /** Two system calls per byte, and nothing else: the filter's cost for each. */
  "syscall-heavy": "dd if=/dev/zero of=/dev/null bs=1 count=600000 2>/dev/null",
  /** Creates, finds, reads, renames and removes files: the cost of Landlock and the mounts for each path. */
  "file-heavy": [
    "mkdir a && i=0 && while [ $i -lt 2000 ]; do echo $i >a/f$i && i=$((i + 1)); done",
    "tar -cf a.tar a && for i in 1 2 3 4; do mkdir x$i && tar -xf a.tar -C x$i && find x$i -type f | wc -l >/dev/null && rm -r x$i; done",
    "mv a b && rm -r b a.tar",
  ].join(" && "),
} as const;
