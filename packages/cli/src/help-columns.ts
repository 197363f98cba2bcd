/** Lines of help are no longer, however wide a terminal is: so the build can keep them. */
export const HELP_COLUMNS = 80;
