import * as z from "zod";
import { type Route, route } from "../route.js";
import * as schemas from "../schemas.js";

const params = z.strictObject({ id: schemas.sandboxId });
const query = z.strictObject({ path: schemas.insidePath });

export const fileRoutes: readonly Route[] = [
  route({
    method: "GET",
    path: "/v1/sandboxes/{id}/files",
    operation: "readFile",
    summary: "Read a file of a sandbox",
    scope: "sandboxes:write",
    params,
    query,
    answers: { 200: "bytes" },
    handle: async ({ platform, caller, params: { id }, query: { path } }) => ({
      status: 200,
      bytes: await platform.files.read(caller, id, path),
    }),
  }),
  route({
    method: "PUT",
    path: "/v1/sandboxes/{id}/files",
    operation: "writeFile",
    summary: "Create a file or replace its content",
    scope: "sandboxes:write",
    params,
    query,
    body: "bytes",
    answers: { 204: null },
    handle: async ({ platform, caller, params: { id }, query: { path }, bytes }) => {
      await platform.files.write(caller, id, path, bytes);
      return { status: 204 };
    },
  }),
  route({
    method: "DELETE",
    path: "/v1/sandboxes/{id}/files",
    operation: "removeFile",
    summary: "Remove a file, or with `recursive` a directory and everything in it",
    scope: "sandboxes:write",
    params,
    query: query.extend({ recursive: z.enum(["true", "false"]).default("false") }),
    answers: { 204: null },
    handle: async ({ platform, caller, params: { id }, query: { path, recursive } }) => {
      await platform.files.remove(caller, id, path, recursive === "true");
      return { status: 204 };
    },
  }),
  route({
    method: "GET",
    path: "/v1/sandboxes/{id}/directories",
    operation: "listDirectory",
    summary: "List a directory of a sandbox",
    scope: "sandboxes:write",
    params,
    query,
    answers: { 200: schemas.entries },
    handle: async ({ platform, caller, params: { id }, query: { path } }) => ({
      status: 200,
      json: { entries: await platform.files.list(caller, id, path) },
    }),
  }),
  route({
    method: "PUT",
    path: "/v1/sandboxes/{id}/directories",
    operation: "makeDirectory",
    summary: "Create a directory and its parents",
    scope: "sandboxes:write",
    params,
    query,
    answers: { 204: null },
    handle: async ({ platform, caller, params: { id }, query: { path } }) => {
      await platform.files.makeDirectory(caller, id, path);
      return { status: 204 };
    },
  }),
];
