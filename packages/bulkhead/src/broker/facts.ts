import { hasOnly, isInteger, isObject, isText } from "../channel/json.js";
import type { Facts } from "../host/facts.js";

// Hand-written, as all code that reads the broker's messages: building a schema takes longer than the broker takes to
// start.

type Check = (value: unknown) => boolean;

const text: Check = (value) => isText(value, 4096);
const flag: Check = (value) => typeof value === "boolean";
const whole: Check = (value) => isInteger(value, 0);
const number: Check = (value) => typeof value === "number" && Number.isFinite(value);
const names: Check = (value) => Array.isArray(value) && value.length <= 64 && value.every((name) => isText(name, 64));

const FACTS: Readonly<Record<keyof Facts, Check>> = {
  kernel: text,
  uid: whole,
  privileged: flag,
  callerUid: whole,
  callerGid: whole,
  namespaces: names,
  userns: shaped<Facts["userns"]>({
    works: flag,
    errno: orNull((value) => Number.isSafeInteger(value)),
    apparmorRestricted: orNull(flag),
    unprivilegedClone: orNull(flag),
    maximum: orNull(number),
  }),
  cgroup: shaped<Facts["cgroup"]>({
    layout: oneOf("v2", "v1", "hybrid", "none"),
    version: oneOf(0, 1, 2),
    controllers: names,
    parent: orNull(text),
    why: orNull(text),
  }),
  seccompActions: names,
  landlockAbi: whole,
  apparmor: flag,
  selinux: flag,
  ceilings: shaped<Facts["ceilings"]>({
    openFiles: whole,
    processes: orNull(number),
    addressSpaceBytes: orNull(number),
    memoryBytes: whole,
    processors: whole,
  }),
  newMountApi: flag,
};

/** Whether a broker's `facts` have exactly the fields that this library knows. */
export function isFacts(value: unknown): value is Facts {
  return shaped<Facts>(FACTS)(value);
}

function shaped<Shape>(checks: Readonly<Record<keyof Shape & string, Check>>): Check {
  const fields = Object.entries<Check>(checks);
  return (value) =>
    isObject(value) && hasOnly(value, Object.keys(checks)) && fields.every(([name, check]) => check(value[name]));
}

function orNull(check: Check): Check {
  return (value) => value === null || check(value);
}

function oneOf(...allowed: readonly unknown[]): Check {
  return (value) => allowed.includes(value);
}
