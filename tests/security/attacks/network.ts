import type { Attack } from "../support/attack.js";

/** Families with a history; by number, since names differ between systems. */
const FAMILIES: readonly (readonly [string, number, number, number])[] = [
  ["AF_PACKET", 17, 3, 768],
  ["AF_VSOCK", 40, 1, 0],
  ["AF_ALG", 38, 5, 0],
  ["AF_KEY", 15, 3, 2],
  ["AF_XDP", 44, 3, 0],
  ["AF_CAN", 29, 3, 1],
  ["AF_BLUETOOTH", 31, 3, 1],
  ["AF_TIPC", 30, 5, 0],
  ["AF_RDS", 21, 5, 0],
  ["AF_SMC", 43, 1, 0],
  ["AF_NFC", 39, 5, 0],
  ["AF_AX25", 3, 5, 0],
  ["AF_X25", 9, 5, 0],
  ["AF_DECnet", 12, 1, 0],
  ["AF_LLC", 26, 1, 0],
  ["AF_PPPOX", 24, 2, 0],
  ["AF_QIPCRTR", 42, 2, 0],
  ["raw ICMP", 2, 3, 1],
  ["raw ICMPv6", 10, 3, 58],
  ["raw IP", 2, 3, 255],
  ["SOCK_PACKET", 2, 10, 768],
  ["SOCK_DCCP", 2, 6, 33],
  ["SCTP", 2, 1, 132],
  ["MPTCP", 2, 1, 262],
  ["UDP-Lite", 2, 2, 136],
  ["netlink netfilter", 16, 3, 12],
  ["netlink audit", 16, 3, 9],
  ["netlink uevents", 16, 3, 15],
  ["netlink xfrm", 16, 3, 6],
  ["netlink connector", 16, 3, 11],
  ["netlink crypto", 16, 3, 21],
  ["netlink generic", 16, 3, 16],
  ["netlink diagnostics", 16, 3, 4],
];

/** These make a socket on many hosts' own programs; without an interface they reach nothing. */
const HARMLESS_IN_AN_EMPTY_NETWORK: ReadonlySet<string> = new Set(["SCTP", "MPTCP", "UDP-Lite", "SOCK_DCCP"]);

const METADATA = ["169.254.169.254", "100.100.100.200", "fd00:ec2::254"] as const;

export const network: readonly Attack[] = [
  {
    title: "the host's loopback over TCP",
    requirement: "host loopback out of reach",
    attempt: (a) => ["tcp", "127.0.0.1", String(a.listeners.tcpPort)],
  },
  {
    title: "the host's loopback by another of its numbers",
    requirement: "host loopback out of reach",
    attempt: (a) => ["tcp", "127.1.2.3", String(a.listeners.tcpPort)],
  },
  {
    title: "0.0.0.0, which means this host",
    requirement: "host loopback out of reach",
    attempt: (a) => ["tcp", "0.0.0.0", String(a.listeners.tcpPort)],
  },
  {
    title: "::1",
    requirement: "host loopback out of reach",
    attempt: (a) => ["tcp", "::1", String(a.listeners.tcpPort)],
  },
  {
    title: "IPv4 in IPv6",
    requirement: "host loopback out of reach",
    attempt: (a) => ["tcp", "::ffff:127.0.0.1", String(a.listeners.tcpPort)],
  },
  {
    title: "the host by its own address",
    requirement: "host loopback out of reach",
    attempt: (a) => ["tcp", a.listeners.hostAddresses[0] ?? "10.0.2.2", String(a.listeners.tcpPort)],
  },
  {
    title: "the gateway of user-mode networks",
    requirement: "host loopback out of reach",
    attempt: (a) => ["tcp", "10.0.2.2", String(a.listeners.tcpPort)],
  },
  // Nothing answers on the sandbox's own loopback, where sending is allowed: the host's socket must not see it.
  {
    title: "the host's loopback over UDP",
    requirement: "host loopback out of reach",
    outcome: ["refused", "succeeded"],
    attempt: (a) => ["udp", "127.0.0.1", String(a.listeners.udpPort), "x"],
  },
  { title: "broadcast", attempt: (a) => ["udp", "255.255.255.255", String(a.listeners.udpPort), "x"] },
  { title: "an abstract socket of the host", attempt: (a) => ["abstract", a.listeners.abstractName] },
  { title: "an abstract datagram socket of the host", attempt: (a) => ["abstract-datagram", a.listeners.abstractName] },
  ...METADATA.map((address): Attack => ({ title: `the metadata address ${address}`, attempt: ["tcp", address, "80"] })),
  { title: "a public address", attempt: ["tcp", "192.0.2.1", "443"] },
  { title: "an interface other than loopback", attempt: ["interfaces"] },
  { title: "make an interface", attempt: ["new-interface"] },
  { title: "take loopback down", attempt: ["loopback-down"] },
  {
    title: "make an interface as root inside",
    levels: ["container"],
    policy: { user: "0:0" },
    attempt: ["new-interface"],
  },
  ...["/run/dbus/system_bus_socket", "/run/systemd/private", "/run/docker.sock", "/run/containerd/containerd.sock"].map(
    (path): Attack => ({ title: `the host's ${path}`, policy: { root: "host" }, attempt: ["unix", path] }),
  ),
  ...FAMILIES.map(
    ([name, family, type, protocol]): Attack => ({
      title: `a socket: ${name}`,
      requirement: "every ABI and argument filtered",
      outcome: HARMLESS_IN_AN_EMPTY_NETWORK.has(name) ? ["refused", "absent", "succeeded"] : ["refused", "absent"],
      attempt: ["socket", String(family), String(type), String(protocol)],
    }),
  ),
  {
    title: "AF_VSOCK with the upper half set",
    requirement: "every ABI and argument filtered",
    attempt: ["socket-upper", "40", "1"],
  },
  {
    title: "AF_PACKET with the upper half set",
    requirement: "every ABI and argument filtered",
    attempt: ["socket-upper", "17", "3"],
  },
  {
    title: "a raw socket with flags in its type",
    requirement: "every ABI and argument filtered",
    attempt: ["socket", "2", String(3 | 0o2000000 | 0o4000), "255"],
  },
];
