/** The numbers of `docs/channel.md`. `warden/channel` holds the same ones, and the golden vectors keep both to that page. */

/** Of this protocol; a `hello` with another one is refused. */
export const GENERATION = 1;

export const Kind = {
  hello: 1,
  request: 2,
  accept: 3,
  result: 4,
  data: 5,
  end: 6,
  credit: 7,
  control: 8,
  cancel: 9,
} as const;

/** One of the numbers of {@link Kind}. */
export type FrameKind = (typeof Kind)[keyof typeof Kind];

/** Which side a frame comes from. */
export type Side = "host" | "init";

/** `u32 length, u8 kind, u32 stream`. */
export const HEADER_BYTES = 9;
/** What `length` counts besides the payload: kind and stream. */
export const COUNTED_HEADER_BYTES = 5;

export const MAX_DATA_BYTES = 65_536;
export const MAX_JSON_BYTES = { host: 1_048_576, init: 65_536 } as const;

/** What each (stream, fd) may send before it is granted more. */
export const WINDOW_BYTES = 262_144;
export const MAX_CREDIT = 2 ** 31;
export const MAX_OPEN_STREAMS = 1_024;
export const MAX_STREAM = 2 ** 32 - 1;

/** What flows into an operation (stdin, a file's new content). */
export const FD_IN = 0;
/** What comes out (stdout, a file's content). */
export const FD_OUT = 1;
/** stderr. */
export const FD_ERR = 2;

/** The two on which init may send data. */
export type OutFd = typeof FD_OUT | typeof FD_ERR;
