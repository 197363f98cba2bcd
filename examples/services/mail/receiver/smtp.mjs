// One SMTP conversation (RFC 5321): no relaying, no authentication, no extension that this server does not need.
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { linesOf, Refused } from "./lines.mjs";

const LARGEST_MESSAGE = 1024 * 1024;
const MOST_RECIPIENTS = 100;
const MOST_ERRORS = 20;
const IDLE_MS = 60_000;

const MAILBOX = /^[a-z0-9][a-z0-9._-]{0,63}$/;
const NAME = /^[\x21-\x7e]{1,255}$/;
const MAIL = /^FROM:<([\x21-\x3b\x3d\x3f-\x7e]{0,254})>((?: [\x21-\x7e]+)*)$/i;
const RECIPIENT = /^TO:<([^<>@\s]{1,64})@([^<>@\s]{1,255})>$/i;

/** Speaks with one client until it leaves. Never rejects. */
export async function serve(socket, { domain, submit }) {
  socket.setTimeout(IDLE_MS, () => socket.destroy());
  socket.on("error", () => undefined);
  try {
    await new Conversation(socket, domain, submit).run();
  } catch (error) {
    if (error instanceof Refused && !socket.destroyed) socket.write(`${error.message}\r\n`);
  } finally {
    socket.end();
    socket.destroySoon();
  }
}

class Conversation {
  #socket;
  #lines;
  #domain;
  #submit;
  #client = "unknown";
  #errors = 0;
  /** Sender and recipients of the message in progress. */
  #from;
  #to = [];

  constructor(socket, domain, submit) {
    this.#socket = socket;
    this.#lines = linesOf(socket);
    this.#domain = domain;
    this.#submit = submit;
  }

  async run() {
    await this.#reply(`220 ${this.#domain} ESMTP`);
    for (;;) {
      const { value: line, done } = await this.#lines.next();
      if (done) return;
      const [, verb = "", rest = ""] = /^([A-Za-z]+)(?: (.*))?$/.exec(line.toString("latin1").trimEnd()) ?? [];
      const answer = await this.#answer(verb.toUpperCase(), rest);
      await this.#reply(answer);
      if (verb.toUpperCase() === "QUIT") return;
      if (answer.startsWith("5")) this.#errors += 1;
      if (this.#errors > MOST_ERRORS) throw new Refused("421 4.7.0 too many errors");
    }
  }

  async #answer(verb, rest) {
    switch (verb) {
      case "HELO":
      case "EHLO":
        return this.#hello(verb, rest);
      case "MAIL":
        return this.#mail(rest);
      case "RCPT":
        return this.#recipient(rest);
      case "DATA":
        return await this.#data();
      case "RSET":
        this.#reset();
        return "250 2.0.0 forgotten";
      case "NOOP":
        return "250 2.0.0 fine";
      case "VRFY":
        return "252 2.5.0 send it, and the mailbox will show";
      case "QUIT":
        return "221 2.0.0 bye";
      default:
        return "500 5.5.1 no such command";
    }
  }

  #hello(verb, name) {
    if (!NAME.test(name)) return "501 5.5.4 say your name";
    this.#reset();
    this.#client = name;
    if (verb === "HELO") return `250 ${this.#domain}`;
    return [`250-${this.#domain}`, "250-PIPELINING", "250-8BITMIME", `250 SIZE ${LARGEST_MESSAGE}`].join("\r\n");
  }

  #mail(rest) {
    const [, from, parameters = ""] = MAIL.exec(rest) ?? [];
    if (from === undefined) return "501 5.5.4 MAIL FROM:<address>";
    if (this.#from !== undefined) return "503 5.5.1 one sender for each message";
    const size = Number(/ SIZE=(\d{1,15})(?: |$)/i.exec(parameters)?.[1] ?? 0);
    if (size > LARGEST_MESSAGE) return "552 5.3.4 the message is too large";
    this.#from = from;
    return "250 2.1.0 fine";
  }

  #recipient(rest) {
    if (this.#from === undefined) return "503 5.5.1 MAIL comes first";
    const [, mailbox = "", domain = ""] = RECIPIENT.exec(rest) ?? [];
    if (domain.toLowerCase() !== this.#domain) return "550 5.7.1 no relaying";
    if (!MAILBOX.test(mailbox.toLowerCase())) return "550 5.1.1 no such mailbox";
    if (this.#to.length >= MOST_RECIPIENTS) return "452 4.5.3 too many recipients";
    if (!this.#to.includes(mailbox.toLowerCase())) this.#to.push(mailbox.toLowerCase());
    return "250 2.1.5 fine";
  }

  async #data() {
    if (this.#to.length === 0) return "503 5.5.1 RCPT comes first";
    await this.#reply("354 end with a line that is a dot");
    const message = await this.#message();
    const envelope = { from: this.#from, to: [...this.#to].sort(), received: this.#received() };
    this.#reset();
    if (message === undefined) return "552 5.3.4 the message is too large";
    try {
      return `250 2.0.0 queued as ${(await this.#submit(envelope, message)).slice(0, 16)}`;
    } catch (error) {
      console.error(`not queued: ${error.message}`);
      return error.permanent === true ? "554 5.6.0 refused" : "451 4.3.0 try again later";
    }
  }

  /** The message; undefined if it is too large. */
  async #message() {
    const pieces = [];
    let length = 0;
    for (;;) {
      const { value: line, done } = await this.#lines.next();
      // Nothing of an incomplete message is kept.
      if (done) throw new Refused("421 4.4.2 bye");
      if (line.equals(DOT)) break;
      const text = line[0] === DOT[0] ? line.subarray(1) : line;
      length += text.length + 2;
      if (length <= LARGEST_MESSAGE) pieces.push(text, END);
    }
    return length > LARGEST_MESSAGE ? undefined : withIdentity(Buffer.concat(pieces), this.#domain);
  }

  #received() {
    return `from ${this.#client} by ${this.#domain} with ESMTP; ${new Date().toUTCString()}`;
  }

  #reset() {
    this.#from = undefined;
    this.#to = [];
  }

  /** A client that sends and never reads must not fill our memory. */
  async #reply(text) {
    if (!this.#socket.write(`${text}\r\n`))
      await Promise.race([once(this.#socket, "drain"), once(this.#socket, "close")]);
  }
}

const DOT = Buffer.from(".");
const END = Buffer.from("\r\n");

/**
 * A client that had no answer sends again, and the queue knows a message again by its content. Two messages of the same
 * words without an id are two messages, so each gets an id here; a client without ids may have one twice.
 */
function withIdentity(message, domain) {
  const header = message.subarray(0, Math.max(0, message.indexOf("\r\n\r\n"))).toString("latin1");
  if (/^message-id:/im.test(header)) return message;
  return Buffer.concat([Buffer.from(`Message-ID: <${randomUUID()}@${domain}>\r\n`), message]);
}
