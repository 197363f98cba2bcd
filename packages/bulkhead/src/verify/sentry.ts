const OLDER = "a Sentry from before 2026 shows the files of every process in /proc to all; init's hold nothing secret";
const NOT_SHOWN = "a Sentry from before 2026 does not say in /proc/self/status what the probe looks for";
const OWN_WAY = "some Sentries end a program that uses another ABI in a way of their own";

/**
 * By title, the attempts whose success at level gvisor is only the Sentry's answer, and contradicts no line of the
 * table, with the reason. All other attempts are judged as at every level. An effect outside is never excused.
 */
export const ANSWERED_BY_SENTRY: ReadonlyMap<string, string> = new Map([
  ["a priority above others'", "the Sentry keeps the number and schedules nothing by it"],
  ["read the environment of init", OLDER],
  ["list the descriptors of init", OLDER],
  ["read /proc/1/maps", OLDER],
  ["gain by a set-user-id program", NOT_SHOWN],
  ["a capability in any set", NOT_SHOWN],
  ["no confinement", NOT_SHOWN],
  ["int 0x80", OWN_WAY],
  ["x32", OWN_WAY],
]);
