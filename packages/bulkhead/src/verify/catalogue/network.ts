import { defined } from "../../values/defined.js";
import type { Attempt } from "../attempt.js";

const FAMILIES: readonly (readonly [string, number, number, number, string?])[] = [
  ["packet", 17, 3, 768, "CVE-2020-14386"],
  ["vsock", 40, 1, 0, "CVE-2021-26708"],
  ["kernel crypto", 38, 5, 0, "CVE-2019-8912"],
  ["CAN", 29, 3, 1, "CVE-2010-2959"],
  ["Bluetooth", 31, 3, 1],
  ["TIPC", 30, 5, 0, "CVE-2021-43267"],
  ["RDS", 21, 5, 0, "CVE-2010-3904"],
  ["XDP", 44, 3, 0],
  ["raw ICMP", 2, 3, 1],
  ["netlink netfilter", 16, 3, 12, "CVE-2023-32233"],
  ["netlink uevents", 16, 3, 15],
];

const inClass = { class: "network", protection: "network" } as const;

/** Loopback exists, so its ports would be reachable. */
const byLandlock = { class: "network", protection: "landlock", policy: { tcp: {} } } satisfies Partial<Attempt>;

const BY_LANDLOCK: readonly Attempt[] = [
  { ...byLandlock, title: "listen on a TCP port that the policy leaves out", argv: ["low-port", "8080"] },
  { ...byLandlock, title: "listen on any TCP port", argv: ["low-port", "0"] },
];

export const network: readonly Attempt[] = [
  ...["127.0.0.1", "127.1.2.3", "0.0.0.0", "::1", "::ffff:127.0.0.1", "10.0.2.2"].map(
    (address): Attempt => ({
      ...inClass,
      title: `the host by ${address}`,
      argv: ({ port }) => ["tcp", address, String(port)],
    }),
  ),
  ...["169.254.169.254", "100.100.100.200", "fd00:ec2::254"].map(
    (address): Attempt => ({ ...inClass, title: `metadata at ${address}`, argv: ["tcp", address, "80"] }),
  ),
  { ...inClass, title: "a public address", argv: ["tcp", "192.0.2.1", "443"] },
  { ...inClass, title: "broadcast", argv: ["udp", "255.255.255.255", "9", "x"] },
  {
    ...inClass,
    title: "an abstract socket of the host",
    cve: "CVE-2020-15257",
    argv: (a) => ["abstract", a.abstractName],
  },
  { ...inClass, title: "an interface", argv: ["interfaces"] },
  { ...inClass, title: "make an interface", argv: ["new-interface"] },
  { ...inClass, title: "take loopback down", argv: ["loopback-down"] },
  ...FAMILIES.map(
    ([name, family, type, protocol, cve]): Attempt => ({
      ...inClass,
      protection: "seccomp",
      title: `a socket: ${name}`,
      argv: ["socket", String(family), String(type), String(protocol)],
      ...defined({ cve }),
    }),
  ),
  {
    ...inClass,
    protection: "seccomp",
    title: "vsock with rubbish in the upper half",
    argv: ["socket-upper", "40", "1"],
  },
  ...BY_LANDLOCK,
];
