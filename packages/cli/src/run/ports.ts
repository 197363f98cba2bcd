import { InvalidArgumentError } from "commander";

/** A port inside, and its host address. */
export interface PortFlag {
  readonly inside: number;
  readonly port: number;
  readonly address?: string;
}

/** `[ADDRESS:]HOSTPORT:PORT`; an IPv6 address in brackets. */
export function port(value: string, previous: readonly PortFlag[] = []): readonly PortFlag[] {
  const [, bracketed, plain, host = "", inside = ""] =
    /^(?:(?:\[([0-9a-f:]+)\]|([^:[\]]+)):)?(\d{1,5}):(\d{1,5})$/i.exec(value) ?? [];
  const address = bracketed ?? plain;
  if (Number(inside) < 1 || Number(inside) > 65_535 || Number(host) > 65_535) {
    throw new InvalidArgumentError("It must be [ADDRESS:]HOSTPORT:PORT, such as 8080:80.");
  }
  const flag = { inside: Number(inside), port: Number(host) };
  return [...previous, address === undefined ? flag : { ...flag, address }];
}
