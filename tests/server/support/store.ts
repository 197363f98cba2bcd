import { newProject } from "../../../packages/server/src/operations/tenancy.js";
import { SqliteStore } from "../../../packages/server/src/store/sqlite.js";
import { TemporaryDirectory } from "../../support/temporary.js";

/** A store with the projects `a` and `b`, in a directory of its own. */
export async function withStore(
  use: (store: SqliteStore, directory: TemporaryDirectory) => Promise<void>,
): Promise<void> {
  await using directory = await TemporaryDirectory.create("state");
  const store = new SqliteStore(directory.join("state.db"));
  try {
    for (const name of ["a", "b"]) await store.addProject(newProject(name, { organisation: "test", name }));
    await use(store, directory);
  } finally {
    await store.close();
  }
}
