import { z } from "zod";
import { WARDEN } from "./names.js";
import { integer } from "./numbers.js";
import { attachment, isDistinct, isWord, path, word } from "./text.js";

/** The highest descriptor that a payload can be given. */
const LAST_FD = 15;
/** Connections that may wait for one launch. */
const MOST_ATTACHED = 5;
const MOST_WORDS = 256;

const fd = integer(0, LAST_FD);

const descriptor = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("attached"), fd, name: attachment }),
  z.strictObject({ kind: z.literal("open"), fd, path, write: z.boolean() }),
]);

const program = z
  .strictObject({
    kind: z.literal("program"),
    path: z.union([z.literal(WARDEN), path]),
    argv: z.array(word).min(1).max(MOST_WORDS),
    env: z.record(z.string(), word).refine(isEnvironment, "too many, or not a name"),
    channel: z.union([z.literal("stdio"), z.literal(0), integer(3, LAST_FD)]),
    descriptors: z.array(descriptor),
  })
  .check(({ value, issues }) => {
    const { channel, descriptors } = value;
    const numbers = [...(channel === "stdio" ? [0, 1] : [channel]), ...descriptors.map((one) => one.fd)];
    const names = descriptors.flatMap((one) => (one.kind === "attached" ? [one.name] : []));
    if (!isDistinct(numbers) || !isDistinct(names) || names.length > MOST_ATTACHED) {
      issues.push({ code: "custom", path: ["descriptors"], input: descriptors, message: "taken, or too many" });
    }
  });

function isEnvironment(env: Readonly<Record<string, string>>): boolean {
  const names = Object.keys(env);
  return names.length <= MOST_WORDS && names.every((name) => isWord(name) && name !== "" && !name.includes("="));
}

/** What the confined child becomes: `warden/plan/src/payload.rs` says what each field means. */
export const payload = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("init"), egress: z.boolean().default(false) }),
  program,
]);
