import { quotedPath } from "../../apparmor/quote.js";
import type { LearnedAccess } from "../generalise.js";
import type { Learned } from "../learned.js";

/** The same rules as an AppArmor profile, to read, and to load with the distribution's parser. */
export function learnedApparmor(access: LearnedAccess, learned: Learned, name: string): string {
  const isDirectory = (path: string) => learned.files[path]?.kind === "directory" || learned.files[path] === undefined;
  const below = (path: string) =>
    isDirectory(path) ? [`${path === "/" ? "" : path}/`, `${path === "/" ? "" : path}/**`] : [path];
  const rules = [
    ...access.read.flatMap(below).map((path) => `${quotedPath(path)} rm,`),
    ...access.list.map((path) => `${quotedPath(path === "/" ? "/" : `${path}/`)} r,`),
    ...access.write.flatMap(below).map((path) => `${quotedPath(path)} wlk,`),
    // Executed programs keep the profile.
    ...access.execute.flatMap(below).map((path) => `${quotedPath(path)} rmix,`),
  ];
  const families = new Set(learned.peers.map(({ family }) => family));
  const network = ["inet", "inet6", "unix", "netlink"].filter((family) => families.has(family as "inet"));
  const lines = [
    "/dev/{null,zero,full,random,urandom,tty,ptmx} rw,",
    "/dev/pts/* rw,",
    ...[...new Set(rules)].sort(),
    ...network.map((family) => (family === "unix" ? "unix," : `network ${family},`)),
    `signal (send, receive) peer=${name},`,
  ];
  return `abi <abi/3.0>,\n\nprofile ${name} flags=(attach_disconnected) {\n${lines.map((line) => `  ${line}\n`).join("")}}\n`;
}
