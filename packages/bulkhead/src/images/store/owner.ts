/**
 * Who owns unpacked trees when root unpacks: an id that nothing else on the host is. Bulkhead never maps root's files
 * writable into a sandbox, not even into one of its own, so the unpacker needs an owner that is not root. By systemd's registry of uids
 * (its `UIDS-GIDS` document) nobody uses what lies above 0x7FFE_FFFF; sandboxes have 0x7000_0000 to 0x7FFD_FFFF
 * (`warden/broker/src/uid_range.rs`), and some programs take ids from 2^31 on for negative.
 */
export const TREE_OWNER = 0x7fff_0001;

/** The uid of this process. */
export function ownUid(): number {
  return process.getuid?.() ?? 0;
}
