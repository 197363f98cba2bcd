/** Help lines are at most this long, however wide a terminal is, so that the build can store them. */
export const HELP_COLUMNS = 80;
