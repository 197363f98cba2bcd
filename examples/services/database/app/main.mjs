// Keeps notes: POST adds one, GET lists them. It holds a password of the database, and no data.
import { createServer } from "node:http";
import { query } from "./sql.mjs";

const LONGEST_NOTE = 4096;
const MOST_AT_ONCE = 8;

await query(
  "create table if not exists notes (id bigserial primary key, text text not null, at timestamptz default now())",
);

let asked = 0;
const server = createServer(async (incoming, outgoing) => {
  if (asked >= MOST_AT_ONCE) return outgoing.writeHead(503).end("busy\n");
  asked += 1;
  try {
    outgoing.setHeader("content-type", "application/json");
    outgoing.end(`${await answer(incoming)}\n`);
  } catch (error) {
    console.error(error.message);
    outgoing.writeHead(500).end("the database does not answer\n");
  } finally {
    asked -= 1;
  }
});
server.listen(8000, "127.0.0.1");
process.on("SIGTERM", () => server.close(() => process.exit(0)));

async function answer(incoming) {
  if (incoming.method !== "POST") {
    return await query(
      "select coalesce(json_agg(text order by id), '[]') from (select * from notes order by id desc limit 100) n",
    );
  }
  let text = "";
  for await (const piece of incoming) {
    text += piece.toString();
    if (text.length > LONGEST_NOTE) throw new Error("the note is too long");
  }
  // PostgreSQL's text has no NUL, and neither have arguments.
  return await query("insert into notes (text) values (:'text') returning id", { text: text.replaceAll("\0", "") });
}
