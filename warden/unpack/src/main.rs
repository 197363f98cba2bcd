//! Unpacks one image layer, assuming that it is hostile:
//! `bulkhead-unpack --dest DIR --hidden DIR [--lowest] [--owners] [--max-… N]`.
//!
//! Reads the layer (tar, plain or compressed with gzip or zstd) from stdin and writes only below the two directories.
//! It never holds privilege and runs inside a sandbox of Bulkhead's own; its caller trusts only answers that it can
//! check. `bulkhead-unpack --decompress [--max-bytes N] [--max-ratio N]` only decompresses stdin to stdout, and reports
//! a failure on stderr. `bulkhead-unpack --flush DIR`, which reads nothing, flushes a directory's file system after all
//! layers are unpacked. One line of JSON goes to stdout: `{"entries","implied","bytes","dropped","hidden","diffId"}`,
//! or `{"error":{code,…}}` with exit code 1.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod failure;
mod layer;
mod limits;
mod path;
mod source;
mod tar;
mod tree;
mod whiteouts;
mod zstd;

use failure::Failure;
use layer::{Dropped, Layer};
use serde::Serialize;
use std::io::Write;
use std::process::ExitCode;
use whiteouts::Hidden;

/// The answer on success.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    entries: u64,
    /// Directories that no entry described at first.
    implied: u64,
    /// Bytes of the decompressed archive, and of holes in its files.
    bytes: u64,
    dropped: Dropped,
    hidden: Hidden,
    /// `sha256:` and the hash of the decompressed archive.
    diff_id: String,
}

#[derive(Debug, Serialize)]
struct Refusal {
    error: Failure,
}

fn main() -> ExitCode {
    let arguments: Vec<std::ffi::OsString> = std::env::args_os().skip(1).collect();
    if let [flag, directory] = arguments.as_slice()
        && flag == "--flush"
    {
        return match tree::flush(directory) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => answer(&Refusal { error }, ExitCode::FAILURE),
        };
    }
    if let Some((flag, rest)) = arguments.split_first()
        && flag == "--decompress"
    {
        return decompress(rest);
    }
    let options = match limits::parse(arguments.into_iter()) {
        Ok(options) => options,
        Err(argument) => {
            eprintln!("bulkhead-unpack: argument {}", argument.to_string_lossy());
            return ExitCode::from(2);
        }
    };
    match unpack(&options) {
        Ok(report) => answer(&report, ExitCode::SUCCESS),
        Err(error) => answer(&Refusal { error }, ExitCode::FAILURE),
    }
}

/// For an archive of several images, which the caller parses itself.
fn decompress(arguments: &[std::ffi::OsString]) -> ExitCode {
    let nowhere = ["--dest", "", "--hidden", ""].map(std::ffi::OsString::from);
    let Ok(options) = limits::parse(nowhere.into_iter().chain(arguments.iter().cloned())) else {
        return ExitCode::from(2);
    };
    match copy_decompressed(&options.limits) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let line = serde_json::to_string(&Refusal { error }).unwrap_or_default();
            eprintln!("{line}");
            ExitCode::FAILURE
        }
    }
}

fn copy_decompressed(limits: &limits::Limits) -> Result<(), Failure> {
    let mut source = source::Source::open(std::io::stdin().lock(), limits)?;
    let mut output = std::io::stdout().lock();
    let mut buffer = vec![0; 128 << 10];
    loop {
        let count = source.fill(&mut buffer)?;
        if count == 0 {
            return output.flush().map_err(|_| Failure::system("write", rustix::io::Errno::PIPE));
        }
        output
            .write_all(buffer.get(..count).unwrap_or_default())
            .map_err(|_| Failure::system("write", rustix::io::Errno::PIPE))?;
    }
}

fn unpack(options: &limits::Options) -> Result<Report, Failure> {
    let tree = tree::Tree::open(&options.dest)?;
    let source = source::Source::open(std::io::stdin().lock(), &options.limits)?;
    let mut archive = tar::Archive::new(source);
    let mut layer = Layer::new(tree, options);
    layer.apply(&mut archive)?;
    layer.forget_aufs()?;
    let hidden =
        if options.lowest { Hidden::default() } else { layer.hide(&mut tree::Tree::open(&options.hidden)?)? };
    layer.finish_directories()?;
    let source = archive.into_source();
    Ok(Report {
        entries: layer.entries,
        implied: layer.implied(),
        bytes: source.bytes(),
        dropped: layer.dropped,
        hidden,
        diff_id: format!("sha256:{}", source.diff_id()),
    })
}

fn answer(value: &impl Serialize, code: ExitCode) -> ExitCode {
    let written = serde_json::to_string(value)
        .map_err(std::io::Error::other)
        .and_then(|line| writeln!(std::io::stdout(), "{line}"));
    if written.is_ok() { code } else { ExitCode::FAILURE }
}
