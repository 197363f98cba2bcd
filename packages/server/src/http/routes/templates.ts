import * as z from "zod";
import { type Route, route } from "../route.js";
import * as schemas from "../schemas.js";
import { templateEntryView, templateView } from "../views.js";

const params = z.strictObject({ name: schemas.templateName });

export const templateRoutes: readonly Route[] = [
  route({
    method: "GET",
    path: "/v1/templates",
    operation: "listTemplates",
    summary: "The project's own templates, without their policies",
    scope: "sandboxes:read",
    answers: { 200: schemas.templates },
    handle: async ({ platform, caller }) => ({
      status: 200,
      json: { templates: (await platform.templates.list(caller.project.id)).map(templateEntryView) },
    }),
  }),
  route({
    method: "PUT",
    path: "/v1/templates/{name}",
    operation: "putTemplate",
    summary: "Give a policy a name, and let sandboxes of it stand ready for `run`",
    scope: "sandboxes:write",
    params,
    body: schemas.putTemplate,
    answers: { 200: schemas.template },
    handle: async ({ platform, caller, params: { name }, body }) => ({
      status: 200,
      json: templateView(await platform.templates.put(caller, name, body)),
    }),
  }),
  route({
    method: "GET",
    path: "/v1/templates/{name}",
    operation: "getTemplate",
    summary: "One template of the project",
    scope: "sandboxes:read",
    params,
    answers: { 200: schemas.template },
    handle: async ({ platform, caller, params: { name } }) => ({
      status: 200,
      json: templateView(await platform.templates.get(caller.project.id, name)),
    }),
  }),
  route({
    method: "DELETE",
    path: "/v1/templates/{name}",
    operation: "removeTemplate",
    summary: "Forget a template, and end the sandboxes that stand ready for it",
    scope: "sandboxes:write",
    params,
    answers: { 204: null },
    handle: async ({ platform, caller, params: { name } }) => {
      await platform.templates.remove(caller, name);
      return { status: 204 };
    },
  }),
];
