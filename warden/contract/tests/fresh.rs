//! What is checked in is what the types say.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

#[test]
fn the_librarys_copy_is_fresh() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(bulkhead_contract::FOLDER);
    let files = bulkhead_contract::files().unwrap();
    for file in &files {
        let found = fs::read_to_string(folder.join(file.name)).unwrap_or_default();
        assert!(found == file.text, "{} is stale: run `npm run generate`", file.name);
    }
    let expected: BTreeSet<_> = files.iter().map(|file| file.name.to_owned()).collect();
    let found = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(expected, found, "a file that nothing generates");
}
