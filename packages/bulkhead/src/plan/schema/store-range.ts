/**
 * Who owns files in root's store of images: `STORE_RANGE + n` what belongs to user n inside. By systemd's registry of uids (its `UIDS-GIDS`
 * document) nobody uses what lies above 0x7FFE_FFFF; sandboxes have 0x7000_0000 to 0x7FFD_FFFF (`warden/broker/src/uid_range.rs`), and some
 * programs take ids from 2^31 on for negative.
 */
export const STORE_RANGE = 0x7fff_0000;
