// Stands in for Firecracker: speaks its published API (`src/firecracker/swagger/firecracker.yaml`, v1.17) on the Unix
// socket that is its argument, and refuses what the real one refuses: unknown and missing fields, what comes out of
// order, what is not of that state. It has no machine. FAULT makes it misbehave at one request: `hang PATH`,
// `die PATH`, `junk PATH`, `long PATH`.

import { createServer } from "node:http";

const [socket = ""] = process.argv.slice(2);
const [fault, faultAt] = (process.env["FAULT"] ?? "").split(" ");

const text = (value) => typeof value === "string";
const flag = (value) => typeof value === "boolean";
const integer =
  (least, most = Number.MAX_SAFE_INTEGER) =>
  (value) =>
    Number.isInteger(value) && value >= least && value <= most;
const one =
  (...values) =>
  (value) =>
    values.includes(value);
const backend = (value) => !check(value, { backend_type: one("File", "Uffd"), backend_path: text }, {});

/** Fields that must be there and fields that may, as Firecracker's own types have them; no others. */
const bodies = {
  "PUT /machine-config": [
    { vcpu_count: integer(1, 32), mem_size_mib: integer(1) },
    { smt: flag, track_dirty_pages: flag, huge_pages: one("None", "Transparent", "2M"), cpu_template: text },
  ],
  "PUT /boot-source": [{ kernel_image_path: text }, { initrd_path: text, boot_args: text }],
  "PUT /drives": [
    { drive_id: text, is_root_device: flag },
    {
      partuuid: text,
      cache_type: one("Unsafe", "Writeback"),
      is_read_only: flag,
      path_on_host: text,
      io_engine: one("Sync", "Async"),
      socket: text,
    },
  ],
  "PUT /vsock": [{ guest_cid: integer(3), uds_path: text }, { vsock_id: text }],
  "PUT /actions": [{ action_type: one("FlushMetrics", "InstanceStart", "SendCtrlAltDel") }, {}],
  "PUT /snapshot/create": [{ snapshot_path: text, mem_file_path: text }, { snapshot_type: one("Full", "Diff") }],
  "PUT /snapshot/load": [
    { snapshot_path: text, mem_backend: backend },
    { resume_vm: flag, track_dirty_pages: flag },
  ],
  "PATCH /vm": [{ state: one("Paused", "Resumed") }, {}],
};

const BEFORE = "The requested operation is not supported before starting the microVM.";
const AFTER = "The requested operation is not supported after starting the microVM.";

let state = "Not started";
let configured = false;
let kernel = false;

/** Why a body is refused, or undefined. */
function check(body, needed, optional) {
  if (typeof body !== "object" || body === null || Array.isArray(body)) return "invalid type";
  for (const name of Object.keys(needed)) if (!(name in body)) return `missing field \`${name}\``;
  for (const [name, value] of Object.entries(body)) {
    const rule = needed[name] ?? optional[name];
    if (rule === undefined) return `unknown field \`${name}\``;
    if (!rule(value)) return `invalid value for \`${name}\``;
  }
  return undefined;
}

/** Why a request is refused; undefined: it is done. */
function act(key, body) {
  switch (key) {
    case "PATCH /vm":
      if (state === "Not started") return BEFORE;
      state = body.state === "Paused" ? "Paused" : "Running";
      return undefined;
    case "PUT /snapshot/create":
      if (state === "Not started") return BEFORE;
      return state === "Paused" ? undefined : "Create snapshot error: the microVM is not paused";
    case "PUT /snapshot/load":
      if (state !== "Not started") return AFTER;
      if (configured) return "Load snapshot error: not allowed after configuring boot-specific resources.";
      state = body.resume_vm === true ? "Running" : "Paused";
      return undefined;
    case "PUT /actions":
      if (body.action_type !== "InstanceStart") return state === "Not started" ? BEFORE : undefined;
      if (state !== "Not started") return AFTER;
      if (!kernel) return "Start microvm error: Cannot start microvm without kernel configuration.";
      state = "Running";
      return undefined;
    default:
      if (state !== "Not started") return AFTER;
      configured = true;
      kernel ||= key === "PUT /boot-source";
      return undefined;
  }
}

function answer({ method = "", url = "" }, raw) {
  if (method === "GET" && url === "/")
    return [200, { id: "stand-in", state, vmm_version: "0", app_name: "Firecracker" }];
  const [, folder, id] = /^\/(drives)\/(\w+)$/.exec(url) ?? [];
  const key = `${method} ${folder === undefined ? url : `/${folder}`}`;
  const known = bodies[key];
  if (known === undefined) return [400, `Invalid request method and/or path: ${method} ${url}.`];
  if (raw.length === 0) return [400, `Empty ${method} request.`];
  let body;
  try {
    body = JSON.parse(raw);
  } catch {
    return [400, "An error occurred when deserializing the json body of a request."];
  }
  const [needed = {}, optional = {}] = known;
  const wrong =
    check(body, needed, optional) ?? (id === undefined || body.drive_id === id ? undefined : "path and id differ");
  if (wrong !== undefined) return [400, `An error occurred when deserializing the json body of a request: ${wrong}.`];
  const refused = act(key, body);
  return refused === undefined ? [204, undefined] : [400, refused];
}

const server = createServer((request, response) => {
  const parts = [];
  request.on("data", (part) => parts.push(part));
  request.on("end", () => {
    if (request.url === faultAt) {
      if (fault === "hang") return;
      if (fault === "die") process.kill(process.pid, "SIGKILL");
      if (fault === "junk") return void response.writeHead(200).end("{ no");
      if (fault === "long") return void response.writeHead(400).end("x".repeat(1 << 20));
    }
    const [status, value] = answer(request, Buffer.concat(parts).toString());
    response.writeHead(status, { Server: "Firecracker API", Connection: "keep-alive" });
    response.end(value === undefined ? undefined : JSON.stringify(status === 400 ? { fault_message: value } : value));
  });
});
server.listen(socket, () => process.stdout.write("ready\n"));
