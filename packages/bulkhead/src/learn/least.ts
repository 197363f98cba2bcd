import type { Policy } from "../policy/schema.js";
import { defined } from "../values/defined.js";
import { learnedNetwork } from "./egress.js";
import { learnedApparmor } from "./export/apparmor.js";
import { type LearnedLandlock, learnedLandlock } from "./export/landlock.js";
import { allowedSyscalls, type LearnedSeccomp, learnedSeccomp } from "./export/seccomp.js";
import { generalise, type LearnedAccess } from "./generalise.js";
import type { Learned } from "./learned.js";
import { learnedPorts } from "./ports.js";

/** The least policy that would have sufficed, in every useful format. */
export interface LeastPolicy {
  /**
   * The policy of the runs, with `access`; its `syscalls` is for a caller that stores {@link seccomp}:
   * `{ profile: FILE }`.
   */
  readonly policy: Policy;
  readonly seccomp: LearnedSeccomp;
  readonly apparmor: string;
  readonly landlock: LearnedLandlock;
  readonly surface: SurfaceLearned;
  /** What only one of several runs needed: check it before relying on the policy. */
  readonly seenOnce: { readonly syscalls: readonly string[]; readonly paths: readonly string[] };
}

/** How much attack surface the least policy removes. */
export interface SurfaceLearned {
  /** System calls that are allowed, whatever their arguments: under the default profile, and now. */
  readonly syscalls: { readonly before: number; readonly after: number };
  /** Rules about files; before, everything could be read and executed. */
  readonly paths: { readonly [list in keyof LearnedAccess]: number };
  /** Whether the program used internet addresses. */
  readonly network: boolean;
  readonly capabilities: number;
}

/**
 * Computes the least policy from the observations. Pure. `defaultSyscalls`: how many calls the default profile allows.
 */
export function least(learned: Learned, policy: Policy, defaultSyscalls: number): LeastPolicy {
  const access = generalise(learned);
  const ports = learnedPorts(learned, policy.tcp);
  const seccomp = learnedSeccomp(learned);
  const network = learned.peers.some(({ family, address }) => family.startsWith("inet") && !isLoopback(address));
  const { syscalls: _, network: given, ...rest } = policy;
  // Connections that do not go through the policy's network cannot be narrowed.
  const destinations = learnedNetwork(learned, given) ?? (network ? given : undefined);
  return {
    policy: {
      ...rest,
      ...defined({ network: destinations }),
      // Only if the policy restricted ports before: a policy with `tcp` needs a newer kernel.
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

function onceOf({ runs, syscalls, files }: Learned): LeastPolicy["seenOnce"] {
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
