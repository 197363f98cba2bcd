// Generated from the types of the warden by `npm run generate`: change those, not this file.

/** Of what a broker says. */
export const CONTROL_GENERATION = 1;

/** Bytes of the first message to a broker, which may hold a plan. */
export const MAX_OPENING_BYTES = 1048576;

/** Of what a guest's supervisor says. */
export const GUEST_GENERATION = 1;
