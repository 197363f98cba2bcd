import * as z from "zod/mini";
import { duration, hostPath, size, whole } from "./values.js";

const RULE =
  'a rule such as "packages.example.org:443", or { host, ports?, protocol?, methods?, paths?, private?, intercept? }';

/** Checks only the shape; `network/rule.ts` reads the rules, and their problems are among the inconsistencies. */
export function network() {
  return z.union(
    [
      z.enum(["none", "full"]),
      z.strictObject({ allow: z.optional(rules()), deny: z.optional(rules()), limits: z.optional(limits()) }),
    ],
    { error: 'none, full, or { allow: ["host:port"], deny: […], limits: {…} }' },
  );
}

function rules() {
  return z.array(z.union([text(512), rule()], { error: RULE })).check(z.maxLength(1024, "at most 1024 rules"));
}

function rule() {
  const port = z.union([whole(1, 65_535), text(16)], { error: 'a port, "FROM-TO" or "*"' });
  return z.strictObject({
    host: text(512),
    ports: z.optional(
      z.union([port, z.array(port).check(z.maxLength(64))], { error: 'a port, "FROM-TO", "*", or a list of them' }),
    ),
    protocol: z.optional(z.enum(["http", "https", "tcp"])),
    methods: z.optional(z.array(text(32)).check(z.maxLength(32))),
    paths: z.optional(z.array(text(1024)).check(z.maxLength(64))),
    private: z.optional(z.boolean()),
    intercept: z.optional(z.boolean()),
  });
}

function limits() {
  return z.strictObject({
    connections: z.optional(whole(1, 65_536)),
    bandwidth: z.optional(size()),
    bytes: z.optional(size()),
    idle: z.optional(duration()),
  });
}

/** TCP ports inside; an omitted list is empty. Binding to 0 means any free port. */
export function tcp() {
  const ports = () => z.optional(z.array(whole(0, 65_535)).check(z.maxLength(128, "at most 128 ports")));
  return z.strictObject({ bind: ports(), connect: ports() });
}

const HOST_NAME =
  /^(?!localhost$)(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/;
const LOOPBACK = /^127(\.(0|[1-9]\d?|1\d\d|2[0-4]\d|25[0-5])){3}$/;

/** Names in /etc/hosts inside. Only addresses of the loopback: rules of `network` govern every other one. */
export function hosts() {
  return z
    .record(
      z.string().check(z.regex(HOST_NAME, "that of a host, in lower case, and not localhost")),
      z.string().check(z.regex(LOOPBACK, "an address of the loopback inside, such as 127.0.0.2")),
    )
    .check(z.refine((names) => Object.keys(names).length <= 256, "at most 256 names"));
}

/** By the name of the variable that holds the placeholder inside. */
export function secrets() {
  return z.record(
    z.string().check(z.regex(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/, "that of an environment variable")),
    z.strictObject({
      hosts: z.array(text(512)).check(z.maxLength(64, "at most 64 hosts")),
      env: z.optional(z.string().check(z.regex(/^[^=\0]{1,256}$/, "the name of an environment variable"))),
      file: z.optional(hostPath()),
      value: z.optional(z.string()),
      header: z.optional(z.string().check(z.regex(/^[A-Za-z0-9-]{1,64}$/, "the name of a header"))),
    }),
  );
}

function text(most: number) {
  return z.string().check(z.minLength(1), z.maxLength(most));
}

export function syscalls() {
  return z.union([z.enum(["default", "strict"]), z.strictObject({ profile: hostPath() })], {
    error: "default, strict, or { profile: FILE }",
  });
}
