import type { Policy } from "../policy/schema.js";
import { learnedNetwork } from "./egress.js";
import { learnedApparmor } from "./export/apparmor.js";
import { type LearnedLandlock, learnedLandlock } from "./export/landlock.js";
import { allowedSyscalls, type LearnedSeccomp, learnedSeccomp } from "./export/seccomp.js";
import { generalise, type LearnedAccess } from "./generalise.js";
import type { Learned } from "./learned.js";
import { learnedPorts } from "./ports.js";

/** The least that would have sufficed, in every form that something can be done with. */
export interface Least {
  /** What the program ran under, with `access`; its `syscalls` is for whoever stores {@link seccomp}: `{ profile: FILE }`. */
  readonly policy: Policy;
  readonly seccomp: LearnedSeccomp;
  readonly apparmor: string;
  readonly landlock: LearnedLandlock;
  readonly surface: SurfaceLearned;
  /** What only one of several runs needed: look at it before relying on the policy. */
  readonly seenOnce: { readonly syscalls: readonly string[]; readonly paths: readonly string[] };
}

/** How much went away. */
export interface SurfaceLearned {
  /** System calls that pass, whatever their arguments: under the default profile, and now. */
  readonly syscalls: { readonly before: number; readonly after: number };
  /** Rules about files; before, everything could be read and executed. */
  readonly paths: { readonly [list in keyof LearnedAccess]: number };
  /** Internet addresses were used. */
  readonly network: boolean;
  readonly capabilities: number;
}

/** Turns what was learned into the least policy. Pure. `defaultSyscalls`: how many the default profile lets through. */
export function least(learned: Learned, policy: Policy, defaultSyscalls: number): Least {
  const access = generalise(learned);
  const ports = learnedPorts(learned, policy.tcp);
  const seccomp = learnedSeccomp(learned);
  const network = learned.peers.some(({ family, address }) => family.startsWith("inet") && !isLoopback(address));
  const { syscalls: _, network: given, ...rest } = policy;
  // Other ways than through the policy's network are nothing that can be narrowed.
  const destinations = learnedNetwork(learned, given) ?? (network ? given : undefined);
  return {
    policy: {
      ...rest,
      ...(destinations === undefined ? {} : { network: destinations }),
      // Only where ports were ruled before: a policy with `tcp` needs a newer kernel.
      ...(policy.tcp === undefined ? {} : { tcp: { bind: [...ports.bind], connect: [...ports.connect] } }),
      access: {
        read: [...access.read],
        list: [...access.list],
        write: [...access.write],
        execute: [...access.execute],
      },
    },
    seccomp,
    apparmor: learnedApparmor(access, learned, "bulkhead-learned"),
    landlock: learnedLandlock(access, ports),
    surface: {
      syscalls: { before: defaultSyscalls, after: allowedSyscalls(seccomp) },
      paths: {
        read: access.read.length,
        list: access.list.length,
        write: access.write.length,
        execute: access.execute.length,
      },
      network: network || destinations !== undefined,
      capabilities: policy.capabilities?.length ?? 0,
    },
    seenOnce: onceOf(learned),
  };
}

function onceOf({ runs, syscalls, files }: Learned): Least["seenOnce"] {
  if (runs < 2) return { syscalls: [], paths: [] };
  const names = (things: Readonly<Record<string, { readonly runs: number }>>) =>
    Object.entries(things)
      .filter(([, thing]) => thing.runs === 1)
      .map(([name]) => name);
  const paths = names(files).filter((path) => files[path]?.uses.some((use) => use !== "look"));
  return { syscalls: names(syscalls), paths };
}

function isLoopback(address: string): boolean {
  return address.startsWith("127.") || address === "::1" || address === "::ffff:127.0.0.1";
}
