// Generated from the types of the warden by `npm run generate`: change those, not this file.

/** Of the protocol; a `hello` with another one is refused. */
export const GENERATION = 1;

/** The second field of every frame. */
export const Kind = {
  "accept": 3,
  "cancel": 9,
  "control": 8,
  "credit": 7,
  "data": 5,
  "end": 6,
  "hello": 1,
  "request": 2,
  "result": 4
} as const;

/** `u32 length, u8 kind, u32 stream`. */
export const HEADER_BYTES = 9;

/** What `length` counts besides the payload: kind and stream. */
export const COUNTED_HEADER_BYTES = 5;

/** Raw bytes in one `data` frame. */
export const MAX_DATA_BYTES = 65536;

/** JSON of the library in one frame. */
export const MAX_HOST_JSON_BYTES = 1048576;

/** JSON of init in one frame. */
export const MAX_INIT_JSON_BYTES = 65536;

/** What each (stream, fd) may send before it is granted more. */
export const WINDOW_BYTES = 262144;

/** No sum of credit may pass this. */
export const MAX_CREDIT = 2147483648;

/** Streams of one side that may be open at once. */
export const MAX_OPEN_STREAMS = 1024;

/** What flows into an operation: stdin, a file's new content. */
export const FD_IN = 0;

/** What comes out: stdout, a file's content. */
export const FD_OUT = 1;

/** Its stderr. */
export const FD_ERR = 2;

/** Bytes of the operation that an error names. */
export const MAX_OPERATION_BYTES = 64;

/** Bytes of the path that an error names. */
export const MAX_PATH_BYTES = 4096;
