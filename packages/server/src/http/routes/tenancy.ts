import * as z from "zod";
import { type Route, route } from "../route.js";
import * as schemas from "../schemas.js";
import { projectView, tokenView } from "../views.js";

export const tenancyRoutes: readonly Route[] = [
  route({
    method: "GET",
    path: "/v1/me",
    operation: "whoAmI",
    summary: "The token, its project with floor and quotas, and the templates",
    scope: "sandboxes:read",
    answers: { 200: schemas.me },
    handle: async ({ platform, caller: { token, scopes, project } }) => ({
      status: 200,
      json: { token, scopes, project: projectView(project), templates: platform.core.templates.names },
    }),
  }),
  route({
    method: "POST",
    path: "/v1/tokens",
    operation: "createToken",
    summary: "Make a token with scopes that the caller has",
    scope: "tokens:write",
    body: schemas.createToken,
    answers: { 201: schemas.issuedToken },
    handle: async ({ platform, caller, body }) => {
      const { row, text } = await platform.tenancy.createToken(caller, body);
      return { status: 201, json: { ...tokenView(row), token: text } };
    },
  }),
  route({
    method: "GET",
    path: "/v1/tokens",
    operation: "listTokens",
    summary: "The tokens of the project, without their secrets",
    scope: "tokens:write",
    answers: { 200: schemas.tokens },
    handle: async ({ platform, caller }) => ({
      status: 200,
      json: { tokens: (await platform.tenancy.tokens(caller)).map(tokenView) },
    }),
  }),
  route({
    method: "DELETE",
    path: "/v1/tokens/{token}",
    operation: "revokeToken",
    summary: "Revoke a token of the project, at once",
    scope: "tokens:write",
    params: z.strictObject({ token: schemas.tokenId }),
    answers: { 204: null },
    handle: async ({ platform, caller, params: { token } }) => {
      await platform.tenancy.revokeToken(caller, token);
      return { status: 204 };
    },
  }),
  route({
    method: "POST",
    path: "/v1/projects",
    operation: "createProject",
    summary: "Create a project with its floor and quotas: for the operator",
    scope: "projects:write",
    body: schemas.createProject,
    answers: { 201: schemas.project },
    handle: async ({ platform, caller, body }) => ({
      status: 201,
      json: projectView(await platform.tenancy.createProject(caller, body)),
    }),
  }),
  route({
    method: "GET",
    path: "/v1/projects",
    operation: "listProjects",
    summary: "All projects: for the operator",
    scope: "projects:write",
    answers: { 200: schemas.projects },
    handle: async ({ platform }) => ({
      status: 200,
      json: { projects: (await platform.tenancy.projects()).map(projectView) },
    }),
  }),
];
