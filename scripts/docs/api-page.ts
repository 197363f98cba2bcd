/** Renders the server's OpenAPI document as a page for people: docs/api.md. */

export interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly Schema[];
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: boolean | Schema;
  readonly required?: readonly string[];
  readonly description?: string;
  readonly default?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly maxLength?: number;
  readonly maxItems?: number;
}

type Content = Readonly<Record<string, { readonly schema: Schema }>>;

interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly description: string;
  readonly parameters?: readonly {
    readonly name: string;
    readonly in: string;
    readonly required: boolean;
    readonly schema: Schema;
    readonly description?: string;
  }[];
  readonly requestBody?: { readonly content: Content };
  readonly responses: Readonly<Record<string, { readonly description: string; readonly content?: Content }>>;
}

export interface ApiDocument {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

const HEAD = `# The server's API

Every request of \`bulkhead serve\`, generated from the OpenAPI 3.1 document that the server itself has at
\`GET /v1/openapi.json\`. \`npm run docs:api\` writes this page, and a test compares it with a running server. How to start
one, what a project, a floor and a quota are, and how streams and idempotency keys work: [The server](server.md).

A failed request gets \`application/problem+json\` with a stable \`code\`; [the guide](guide.md) lists all codes. A request
with a field that is not listed here is refused. Limits stand behind the types; a policy is described in
[Policies](policy.md).
`;

const ITEM = 120;

export function apiPage({ paths }: ApiDocument): string {
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => operationText(method.toUpperCase(), path, operation)),
  );
  return [HEAD, ...operations].join("\n");
}

function operationText(method: string, path: string, operation: Operation): string {
  const { summary, description, parameters = [], requestBody, responses } = operation;
  const given = parameters.map(({ name, in: where, required, schema, description: says }) =>
    row(`\`${name}\``, where, typeOf(schema), required, says ?? schema.description, schema.default),
  );
  const [[, body] = []] = Object.entries(requestBody?.content ?? {});
  const sent = body === undefined ? [] : fieldRows(body.schema, "body");
  const table = [...given, ...sent];
  return [
    `## ${method} ${path}`,
    "",
    ...wrapped(`${summary}. ${description}`),
    "",
    ...(table.length === 0 ? [] : ["| field | in | type | |", "|---|---|---|---|", ...table, ""]),
    ...(requestBody !== undefined && sent.length === 0 ? ["The body is bytes (`application/octet-stream`).", ""] : []),
    ...Object.entries(responses)
      .filter(([status]) => status !== "default")
      .flatMap(([status, { content }]) => answerText(status, content)),
  ].join("\n");
}

function answerText(status: string, content: Content = {}): readonly string[] {
  const types = Object.keys(content);
  const json = content["application/json"]?.schema;
  if (types.length === 0) return [`Answer ${status}, without a body.`, ""];
  const also = types.filter((type) => type !== "application/json").map((type) => `\`${type}\``);
  if (json === undefined) return [`Answer ${status}: ${also.join(", ")}.`, ""];
  const rows = fieldRows(json, "");
  const or = also.length === 0 ? "" : `, or ${also.join(", ")}`;
  if (rows.length === 0) return [`Answer ${status}: ${typeOf(json)}${or}.`, ""];
  return [`Answer ${status}${or}:`, "", "| field | type | |", "|---|---|---|", ...rows, ""];
}

/** The fields of an object, those of objects in it behind a dot. */
function fieldRows(schema: Schema, where: string, before = ""): readonly string[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const item = field.items?.properties === undefined ? field : field.items;
    const inner =
      item.properties === undefined ? [] : fieldRows(item, where, `${before}${name}${item === field ? "." : "[]."}`);
    const required = where === "" || (schema.required ?? []).includes(name);
    return [row(`\`${before}${name}\``, where, typeOf(field), required, field.description, field.default), ...inner];
  });
}

function row(name: string, where: string, type: string, required: boolean, says = "", otherwise?: unknown): string {
  const parts = [
    ...(says === "" ? [] : [says]),
    ...(otherwise === undefined || typeof otherwise === "object" ? [] : [`default \`${JSON.stringify(otherwise)}\``]),
    ...(required && where !== "" ? ["required"] : []),
  ];
  const cells = [name, ...(where === "" ? [] : [where]), type, parts.join("; ").replaceAll("|", "\\|")];
  return `| ${cells.join(" | ")} |`;
}

export function typeOf(schema: Schema): string {
  const { $ref, type, enum: values, const: value, anyOf, items, properties, additionalProperties } = schema;
  if ($ref !== undefined) return $ref.endsWith("/Policy") ? "[policy](policy.md)" : "problem";
  if (values !== undefined) return values.map((one) => `\`${JSON.stringify(one)}\``).join(", ");
  if (value !== undefined) return `\`${JSON.stringify(value)}\``;
  if (anyOf !== undefined) return anyOf.map(typeOf).join(" or ");
  if (Array.isArray(type)) return type.map((one) => typeOf({ ...schema, type: one })).join(" or ");
  if (type === "array")
    return `array${most(schema.maxItems, "")} of ${items === undefined ? "anything" : typeOf(items)}`;
  if (properties !== undefined) return "object";
  if (type === "object") {
    return typeof additionalProperties === "object" ? `object of ${typeOf(additionalProperties)}` : "object";
  }
  if (type === "integer" || type === "number") return `${String(type)}${rangeOf(schema)}`;
  if (type === "string") return `string${most(schema.maxLength, " characters")}`;
  return typeof type === "string" ? type : "anything";
}

function most(count: number | undefined, unit: string): string {
  return count === undefined ? "" : ` (at most ${count.toLocaleString("en")}${unit})`;
}

function rangeOf({ minimum, maximum }: Schema): string {
  const least = minimum === undefined || minimum <= Number.MIN_SAFE_INTEGER ? undefined : minimum.toLocaleString("en");
  const top = maximum === undefined || maximum >= Number.MAX_SAFE_INTEGER ? undefined : maximum.toLocaleString("en");
  if (least === undefined && top === undefined) return "";
  if (top === undefined) return ` (at least ${least})`;
  return least === undefined ? ` (at most ${top})` : ` (${least} to ${top})`;
}

function wrapped(text: string): readonly string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + word.length > ITEM) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}
