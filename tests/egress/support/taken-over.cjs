// A gate that the inside or a server has taken over: it tries what it can, and gives what came of it as its failure.
// The test makes a dist/helpers/gate.cjs of this function's text.
module.exports = function takenOver(require, given) {
  const fs = require("node:fs");
  const net = require("node:net");
  const [secret, pid, socketName] = given;
  const control = new net.Socket({ fd: 3, readable: true, writable: true });
  const egress = new net.Socket({ fd: 6, readable: true, writable: true });
  let said = "";
  let heard = "";
  egress.on("data", (chunk) => (heard += chunk.toString("latin1")));
  egress.on("error", () => undefined);

  const frame = (kind, stream, payload) => {
    const head = Buffer.alloc(9);
    head.writeUInt32BE(5 + payload.length, 0);
    head.writeUInt8(kind, 4);
    head.writeUInt32BE(stream, 5);
    return Buffer.concat([head, Buffer.from(payload)]);
  };
  const answer = (call, kind, value) => {
    const payload = Buffer.from(JSON.stringify(value));
    const head = Buffer.alloc(9);
    head.writeUInt32BE(5 + payload.length, 0);
    head.writeUInt32BE(call, 4);
    head.writeUInt8(kind, 8);
    control.write(Buffer.concat([head, payload]));
  };
  const outcome = (work) => {
    try {
      return String(work() ?? "done").slice(0, 80);
    } catch (error) {
      return error.code ?? error.message;
    }
  };
  const reach = (options) =>
    new Promise((resolve) => {
      const socket = net.connect(options, () => resolve("connected"));
      socket.on("error", (error) => resolve(error.code));
    });

  async function attempt(start) {
    const open = [];
    for (let fd = 0; fd < 256; fd += 1) if (outcome(() => fs.fstatSync(fd) && "open") === "open") open.push(fd);
    egress.write(frame(1, 0, '{"generation":1,"features":[]}'));
    egress.write(frame(2, 1, '{"op":"exec","argv":["/bin/touch","/tmp/was-here"],"env":{},"cwd":"/","stdin":"null"}'));
    egress.write(frame(2, 3, '{"op":"read","path":"/etc/passwd"}'));
    egress.write(frame(2, 5, '{"op":"connect","port":22}'));
    for (let turn = 0; turn < 500 && (heard.match(/REQUEST_INVALID/g) ?? []).length < 3; turn += 1)
      await new Promise((resolve) => setTimeout(resolve, 10));
    return {
      sockets: open.filter((fd) => outcome(() => (fs.fstatSync(fd).isSocket() ? "socket" : "")) === "socket"),
      files: ["/etc/passwd", "/etc/shadow", "/root", secret, `/proc/${pid}/environ`, "/proc/self/mem"].map((path) =>
        outcome(() => fs.readFileSync(path)),
      ),
      list: outcome(() => fs.readdirSync("/proc")),
      write: outcome(() => fs.writeFileSync("/tmp/bulkhead-gate-was-here", "")),
      kill: outcome(() => process.kill(Number(pid), 0)),
      parent: outcome(() => process.kill(process.ppid, 0)),
      root: outcome(() => process.setuid(0)),
      spawn: outcome(() => {
        const { error, status } = require("node:child_process").spawnSync("/bin/true");
        if (error) throw error;
        return `status ${status}`;
      }),
      broker: await reach({ path: socketName }),
      refused: (heard.match(/REQUEST_INVALID/g) ?? []).length,
      accepted: /\{"pid"/.test(heard),
      secrets: start.secrets.map(({ name }) => name),
      environment: Object.keys(process.env),
    };
  }

  let start;
  let rest = Buffer.alloc(0);
  control.on("data", (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= 9 && rest.length >= 4 + rest.readUInt32BE(0)) {
      const length = 4 + rest.readUInt32BE(0);
      const [call, body] = [rest.readUInt32BE(4), JSON.parse(rest.subarray(9, length).toString())];
      rest = rest.subarray(length);
      said += ` ${body.method}`;
      if (body.method === "start") start = body.value;
      if (body.method === "hello") answer(call, 2, { value: { pid: process.pid }, body: false });
      else if (body.method === "start")
        answer(call, 2, { value: { bundle: start.secrets.length > 0 ? "x" : null }, body: false });
      else if (body.method === "listening")
        attempt(start).then(
          (tried) => answer(call, 3, { code: "HELPER_FAILED", operation: "tried", detail: JSON.stringify(tried) }),
          (error) => answer(call, 3, { code: "HELPER_FAILED", operation: "broken", detail: `${error.stack}${said}` }),
        );
      else answer(call, 3, { code: "HELPER_FAILED", operation: body.method });
    }
  });
  control.on("close", () => process.exit(0));
};
