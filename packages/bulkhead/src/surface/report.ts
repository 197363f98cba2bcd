import * as z from "zod/mini";
import { BulkheadError } from "../errors/bulkhead-error.js";

const count = () => z.int().check(z.gte(0));
const text = (most: number) => z.string().check(z.maxLength(most));
const names = () => z.array(z.string().check(z.regex(/^[A-Za-z0-9_]{1,40}$/))).check(z.maxLength(600));
const list = <Item extends z.core.$ZodType>(item: Item) => z.array(item).check(z.maxLength(600));

/** The output of `bulkhead-surface inside`. It comes from inside a sandbox: bounded, and checked like all such data. */
const inside = z.strictObject({
  syscalls: z.strictObject({
    /** The kernel got as far as checking the arguments. */
    reached: names(),
    /** EPERM, from a filter or for lack of a capability. */
    refused: names(),
    absent: names(),
    killed: names(),
    notTried: names(),
  }),
  capabilities: z.strictObject({ effective: names(), bounding: names() }),
  identity: z.strictObject({
    uid: count(),
    gid: count(),
    noNewPrivs: z.boolean(),
    seccomp: z.nullable(count()),
    processes: count(),
  }),
  devices: list(
    z.strictObject({
      path: text(4096),
      kind: z.enum(["char", "block"]),
      major: count(),
      minor: count(),
      read: z.boolean(),
      write: z.boolean(),
    }),
  ),
  ioctls: list(z.strictObject({ name: text(40), why: text(200), reached: z.boolean(), errno: count() })),
  mounts: list(
    z.strictObject({
      at: text(4096),
      kind: text(100),
      readOnly: z.boolean(),
      writable: z.boolean(),
      exec: z.boolean(),
      setid: z.boolean(),
    }),
  ),
  files: z.strictObject({
    seen: count(),
    cut: z.boolean(),
    readable: count(),
    writable: count(),
    setid: count(),
    writableExamples: list(text(4096)),
  }),
  interfaces: list(z.strictObject({ path: text(4096), readable: count(), writable: count() })),
  namespaces: list(z.strictObject({ name: text(40), creatable: z.boolean(), throughUser: z.boolean() })),
  sockets: list(z.strictObject({ name: text(40), made: z.boolean(), errno: count() })),
  machine: z.strictObject({
    release: text(300),
    version: text(1000),
    hypervisor: z.nullable(text(12)),
    processors: count(),
    memoryBytes: count(),
    modules: z.nullable(count()),
  }),
});

/** Calls that one process may make to this program's kernel, according to the filters in force. */
const filtered = z.array(
  z.strictObject({
    pid: count(),
    name: text(400),
    threads: count(),
    /** Threads traced by another process, which answers their calls. */
    traced: count(),
    filters: count(),
    allowed: names(),
    /** Allowed for some arguments. */
    conditional: names(),
    errno: z.nullable(count()),
  }),
);

/** What is reachable, found by trying from inside. */
export type Inside = z.infer<typeof inside>;
export type Filtered = z.infer<typeof filtered>[number];

/** @throws BulkheadError SURFACE_FAILED when it is no such report */
export function parseInside(text: string): Inside {
  return parsed(inside, text);
}

/** @throws BulkheadError SURFACE_FAILED when it is no such report */
export function parseFiltered(text: string): readonly Filtered[] {
  return parsed(filtered, text);
}

function parsed<Out>(schema: z.core.$ZodType<Out>, text: string): Out {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new BulkheadError("SURFACE_FAILED", { operation: "read report", detail: text.slice(0, 200), cause });
  }
  const result = z.safeParse(schema, value);
  if (result.success) return result.data;
  const field = result.error.issues[0]?.path.join(".") ?? "";
  throw new BulkheadError("SURFACE_FAILED", { operation: "read report", detail: field });
}
