// Generated from the types of the warden by `npm run generate`: change those, not this file.

/** The first id that helpers run as. */
export const FIRST_HELPER_ID = 2147287040;

/** How many such ids there are. */
export const HELPER_IDS = 65536;

/** Locks of all ids in use. */
export const ID_LOCKS = "/run/bulkhead/uid-ranges" as const;
