//! `npm run generate`: writes the library's copy of the contract.

use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(bulkhead_contract::FOLDER);
    let written = bulkhead_contract::files().and_then(|files| {
        std::fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
        files
            .iter()
            .try_for_each(|file| std::fs::write(folder.join(file.name), &file.text).map_err(|error| error.to_string()))
    });
    match written {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bulkhead-contract: {error}");
            ExitCode::FAILURE
        }
    }
}
