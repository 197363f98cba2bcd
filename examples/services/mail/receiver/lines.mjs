// Lines of SMTP. Only CRLF ends one: a server that also takes a bare LF for an end lets a sender smuggle messages.

export const LONGEST_LINE = 8192;

/** What the client did wrong, with the answer. The connection ends. */
export class Refused extends Error {}

/** Each line as bytes, without its end. */
export async function* linesOf(socket) {
  let rest = Buffer.alloc(0);
  // The socket stays open at a refusal: the client is told why.
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
    rest = Buffer.concat([rest, chunk]);
    for (let end = rest.indexOf("\n"); end >= 0; end = rest.indexOf("\n")) {
      const line = rest.subarray(0, end);
      rest = rest.subarray(end + 1);
      if (line.length > LONGEST_LINE) throw new Refused("500 5.5.2 the line is too long");
      // Its first CR must be its last byte.
      if (line.length === 0 || line.indexOf("\r") !== line.length - 1) {
        throw new Refused("500 5.5.2 lines must end with CRLF");
      }
      yield line.subarray(0, -1);
    }
    if (rest.length > LONGEST_LINE) throw new Refused("500 5.5.2 the line is too long");
  }
}
