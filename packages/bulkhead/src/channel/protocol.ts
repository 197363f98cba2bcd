import {
  type FD_ERR,
  type FD_OUT,
  type Kind,
  MAX_HOST_JSON_BYTES,
  MAX_INIT_JSON_BYTES,
} from "../contract/generated/channel.js";

/** The numbers of `docs/channel.md`, from `warden/channel`. */
export {
  COUNTED_HEADER_BYTES,
  FD_ERR,
  FD_IN,
  FD_OUT,
  GENERATION,
  HEADER_BYTES,
  Kind,
  MAX_CREDIT,
  MAX_DATA_BYTES,
  MAX_OPEN_STREAMS,
  WINDOW_BYTES,
} from "../contract/generated/channel.js";

/** One of the numbers of {@link Kind}. */
export type FrameKind = (typeof Kind)[keyof typeof Kind];

/** Which side a frame comes from. */
export type Side = "host" | "init";

/** JSON in one frame. */
export const MAX_JSON_BYTES = { host: MAX_HOST_JSON_BYTES, init: MAX_INIT_JSON_BYTES } as const;

export const MAX_STREAM = 2 ** 32 - 1;

/** The two descriptors on which init may send data. */
export type OutFd = typeof FD_OUT | typeof FD_ERR;
