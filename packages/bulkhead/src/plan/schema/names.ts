// What those who make plans need of their form. Apart from the schema: to load that takes a short `run` longer than its launch.

/** Path of a program that means the broker's own sealed copy of the warden. */
export const WARDEN = "warden";

/** Name of the connection between init and the gate. */
export const EGRESS = "egress" as const;

/** Of one file: the largest that a sandbox has is a bundle of authorities. */
export const LARGEST_CONTENT = 384 * 1024;
