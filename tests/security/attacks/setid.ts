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
      rule: 8,
      needs: "writable",
      attempt: [`setid-${way}`, `/rw/${way}`],
    }),
  ),
  {
    title: "leave a set-user-id file by int 0x80 chmod",
    rule: 9,
    needs: "writable",
    mayBeKilled: true,
    attempt: ["setid-int80", "/rw/int80"],
  },
  {
    title: "leave a file capability",
    rule: 8,
    needs: "writable",
    attempt: ["attribute", "/rw", "security.capability"],
  },
  { title: "leave an overlay attribute", needs: "writable", attempt: ["attribute", "/rw", "trusted.overlay.opaque"] },
  { title: "leave a file of the host's root", rule: 8, needs: "writable", attempt: ["chown", "/rw", "0"] },
  {
    title: "run a set-user-id program of the host's root",
    rule: 8,
    needs: "root",
    program: "/setid/probe",
    attempt: ["gained"],
  },
  { title: "unconfined through a set-user-id program", rule: 8, program: "/setid/probe", attempt: ["unconfined"] },
  {
    title: "leave a plain file, owned by the caller",
    needs: "writable",
    outcome: ["succeeded"],
    attempt: ["create", "/rw/plain"],
  },
];
