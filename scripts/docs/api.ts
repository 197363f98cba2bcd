/** `npm run docs:api`: writes docs/api.md from the routes of the server. */

import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { openApi } from "../../packages/server/src/http/openapi.js";
import { routes } from "../../packages/server/src/http/routes.js";
import { type ApiDocument, apiPage } from "./api-page.js";

// Through JSON, as a client receives it.
const document: ApiDocument = JSON.parse(JSON.stringify(await openApi(routes)));
writeFileSync(fileURLToPath(new URL("../../docs/api.md", import.meta.url)), apiPage(document));
