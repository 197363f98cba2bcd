import type { ExecMarks, LaunchMarks } from "./marks.js";

/** The processes of a launch, in the order in which a trace shows them. */
export const ROLES = ["library", "front", "keeper", "setup", "init", "program"] as const;
export type Role = (typeof ROLES)[number];

/** Part of a launch: what the others waited for, and the process that did it. Microseconds of CLOCK_MONOTONIC. */
export interface Phase {
  readonly name: string;
  readonly role: Role;
  readonly from: number;
  readonly to: number;
}

/** The moment at which a phase ends; undefined if nobody reported it, and the next phase then includes this one. */
type Step = readonly [at: number | undefined, name: string, role: Role];

/** Positions in the marks of `launched`, as docs/control.md lists them. */
const LAUNCHED = {
  received: 0,
  compiled: 1,
  ordered: 2,
  instructed: 3,
  created: 4,
  prepared: 5,
  read: 6,
  mounted: 7,
  confined: 8,
  ready: 9,
  inspected: 10,
  executed: 11,
} as const;

/** The phases from the call to the result, or to a sandbox that is ready. They leave no gap. */
export function phasesOf(marks: LaunchMarks): Phase[] {
  const { called, asked, launched, execs, oneRun, released } = marks;
  const start = called ?? asked;
  const exec = oneRun ? execs[0] : undefined;
  const steps: Step[] = [[asked, "prepare: policy to plan", "library"], ...launchSteps(launched?.marks ?? [])];
  const before = launched?.marks[LAUNCHED.inspected];
  if (exec === undefined) {
    steps.push([launched?.marks[LAUNCHED.executed], "execute init", "setup"]);
    steps.push([launched?.at, "reply to the library", "front"]);
    return contiguous(start, steps);
  }
  steps.push(...execSteps(exec, before));
  steps.push([released, "conclude the run", "library"], ...endSteps(marks));
  return contiguous(start, steps);
}

/** The end of a sandbox that was created and not only run. */
export function endOf(marks: LaunchMarks): Phase[] {
  const { released, ended, oneRun } = marks;
  if (oneRun || ended === undefined) return [];
  return contiguous(released ?? ended.marks[0] ?? ended.at, endSteps(marks));
}

/** Programs that run in a sandbox that is there already. */
export function execsOf({ execs, oneRun }: LaunchMarks): Phase[] {
  return execs.slice(oneRun ? 1 : 0).flatMap((exec) => {
    const [, , ...inside] = execSteps(exec, exec.asked);
    return contiguous(exec.asked, inside);
  });
}

/** Work that no other part of the launch waited for, or that was done ahead. */
export function besideOf({ launched }: LaunchMarks): Phase[] {
  const { created, prepared, inspected, executed } = LAUNCHED;
  const marks = launched?.marks ?? [];
  return [
    ...between(marks[created], marks[prepared], "prepare ahead: groups, /proc, /dev", "setup"),
    ...between(marks[inspected], marks[executed], "watch init being executed", "keeper"),
    ...between(marks[executed], launched?.at, "report evidence to the library", "front"),
  ];
}

function launchSteps(marks: readonly number[]): Step[] {
  const at = (mark: keyof typeof LAUNCHED) => marks[LAUNCHED[mark]];
  return [
    [at("received"), "wake the front", "front"],
    [at("compiled"), "check the plan, compile the order", "front"],
    [at("ordered"), "wake the keeper", "keeper"],
    [at("instructed"), "authorize, child, limits, mounts", "keeper"],
    [at("read"), "wake setup, decode the order", "setup"],
    [at("mounted"), "mount tree", "setup"],
    [at("confined"), "limits, ids, Landlock, capabilities, seccomp", "setup"],
    [at("ready"), "wake the keeper", "keeper"],
    [at("inspected"), "inspect from outside", "keeper"],
  ];
}

/** `before`: no mark of init is older, unless init has a clock of its own. */
function execSteps({ answered, inside }: ExecMarks, before: number | undefined): Step[] {
  const [started, serving, asked, forked, begun, ended, told] = onOurClock(inside, before, answered);
  return [
    [started, "execute init", "setup"],
    [serving, "start of init", "init"],
    [asked, "wait for the request", "init"],
    [forked, "fork", "init"],
    [begun, "user, capabilities, filter, execve", "init"],
    [ended, "the program runs", "program"],
    [told, "collect its output", "init"],
    [answered, "wake the library", "library"],
  ];
}

function endSteps({ ended, done }: LaunchMarks): Step[] {
  return [
    [ended?.marks[0], "init sees the end and exits", "init"],
    [ended?.marks[1], "reap, read the counters", "keeper"],
    [ended?.at, "tell the library", "front"],
    [done, "make the result", "library"],
  ];
}

/**
 * Init's marks are in order, and the last is from before its result arrived. In a virtual machine and in the Sentry the
 * clock is another one: its marks are then moved together, so that the last coincides with the arrival.
 */
function onOurClock(inside: readonly number[], before: number | undefined, answered: number): readonly number[] {
  const [first, last] = [inside[0], inside.at(-1)];
  if (first === undefined || last === undefined) return [];
  const ours = last <= answered && (before === undefined || (inside[2] ?? last) >= before);
  return ours ? inside : inside.map((mark) => mark - last + answered);
}

/** Each step begins where the last one ended. A mark that is older than that gives an empty phase. */
function contiguous(start: number, steps: readonly Step[]): Phase[] {
  let from = start;
  return steps.flatMap(([at, name, role]) => {
    if (at === undefined) return [];
    const phase = { name, role, from, to: Math.max(from, at) };
    from = phase.to;
    return [phase];
  });
}

function between(from: number | undefined, to: number | undefined, name: string, role: Role): Phase[] {
  return from === undefined || to === undefined || to < from ? [] : [{ name, role, from, to }];
}
