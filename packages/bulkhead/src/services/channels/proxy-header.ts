/** First bytes of every header of version 2. */
const SIGNATURE = Buffer.from("\r\n\r\n\0\r\nQUIT\n", "latin1");
/** Version 2, command PROXY. */
const PROXY = 0x21;
/** The ends have no address: AF_UNSPEC. */
const UNSPECIFIED = 0x00;
/** PP2_TYPE_UNIQUE_ID. */
const UNIQUE_ID = 0x05;
/** First type of the range for applications (PP2_TYPE_MIN_CUSTOM): the name of the component that connects. */
const COMPONENT = 0xe0;

/**
 * Header of the PROXY protocol, version 2, that names the component at the other end: type 0xE0 holds its name in
 * ASCII, type 0x05 the number of the connection in decimal. The family is AF_UNSPEC, because a component has no
 * address; the command is PROXY and not LOCAL, for which a receiver discards everything after it.
 *
 * Source: proxy-protocol.txt of HAProxy, sections 2.2 and 2.2.8.
 */
export function proxyHeader(component: string, connection: number): Buffer {
  const values = Buffer.concat([field(COMPONENT, component), field(UNIQUE_ID, String(connection))]);
  const length = Buffer.alloc(2);
  length.writeUInt16BE(values.length);
  return Buffer.concat([SIGNATURE, Buffer.from([PROXY, UNSPECIFIED]), length, values]);
}

function field(type: number, text: string): Buffer {
  const value = Buffer.from(text, "latin1");
  const head = Buffer.from([type, 0, 0]);
  head.writeUInt16BE(value.length, 1);
  return Buffer.concat([head, value]);
}
