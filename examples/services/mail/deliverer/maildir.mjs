// A message in the mailbox of each recipient, once, however often its delivery is interrupted and begun again.
import { mkdir, open, readdir, rename } from "node:fs/promises";
import { join } from "node:path";

const MAILBOX = /^[a-z0-9][a-z0-9._-]{0,63}$/;

/** `content`: the envelope as a line of JSON, then the message. */
export async function deliver(directory, id, content) {
  const end = content.indexOf("\n");
  const { from, to, received } = JSON.parse(content.subarray(0, end).toString());
  // Paths are made of these: the queue is not believed.
  if (!/^[0-9a-f]{64}$/.test(id) || !to.every((mailbox) => MAILBOX.test(mailbox))) throw new Error("no such mailbox");
  const trace = Buffer.from(`Return-Path: <${from}>\r\nReceived: ${received}\r\n`);
  const message = Buffer.concat([trace, content.subarray(end + 1)]);
  for (const mailbox of to) await write(join(directory, mailbox), id, message);
}

async function write(mailbox, id, message) {
  for (const name of ["tmp", "new", "cur"]) await mkdir(join(mailbox, name), { recursive: true, mode: 0o700 });
  await sync(join(mailbox, ".."));
  await sync(mailbox);
  if (await isThere(mailbox, id)) return;
  const file = await open(join(mailbox, "tmp", id), "w", 0o600);
  try {
    await file.writeFile(message);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(join(mailbox, "tmp", id), join(mailbox, "new", id));
  await sync(join(mailbox, "new"));
}

/** A mail reader moves a message to `cur`, and adds flags to its name. */
async function isThere(mailbox, id) {
  for (const name of ["new", "cur"]) {
    if ((await readdir(join(mailbox, name))).some((file) => file.startsWith(id))) return true;
  }
  return false;
}

async function sync(path) {
  const directory = await open(path, "r");
  await directory.sync().finally(() => directory.close());
}
