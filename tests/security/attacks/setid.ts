import type { Attack } from "../support/attack.js";

const WAYS = [
  "chmod",
  "fchmod",
  "fchmodat",
  "fchmodat2",
  "upper",
  "open",
  "openat",
  "openat2",
  "tmpfile",
  "creat",
  "mknod",
  "mknodat",
];

/** A set-user-id file left in a writable mount is a program that anybody on the host could run as its owner. */
export const setid: readonly Attack[] = [
  ...WAYS.map(
    (way): Attack => ({
      title: `leave a set-user-id file by ${way}`,
      requirement: "nothing left on the host",
      needs: "writable",
      attempt: [`setid-${way}`, `/rw/${way}`],
    }),
  ),
  {
    title: "leave a set-user-id file by int 0x80 chmod",
    requirement: "every ABI and argument filtered",
    needs: "writable",
    mayBeKilled: true,
    attempt: ["setid-int80", "/rw/int80"],
  },
  {
    title: "leave a file capability",
    requirement: "nothing left on the host",
    needs: "writable",
    attempt: ["attribute", "/rw", "security.capability"],
  },
  { title: "leave an overlay attribute", needs: "writable", attempt: ["attribute", "/rw", "trusted.overlay.opaque"] },
  {
    title: "leave a file of the host's root",
    requirement: "nothing left on the host",
    needs: "writable",
    attempt: ["chown", "/rw", "0"],
  },
  {
    title: "run a set-user-id program of the host's root",
    requirement: "nothing left on the host",
    needs: "root",
    program: "/setid/probe",
    attempt: ["gained"],
  },
  {
    title: "unconfined through a set-user-id program",
    requirement: "nothing left on the host",
    program: "/setid/probe",
    attempt: ["unconfined"],
  },
  {
    title: "leave a plain file, owned by the caller",
    needs: "writable",
    outcome: ["succeeded"],
    attempt: ["create", "/rw/plain"],
  },
];
