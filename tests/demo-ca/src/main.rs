//! `demo-ca`: runs the CA until the process is ended, and prints its log.
#![allow(clippy::print_stdout)]

use std::error::Error;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Parser;
use demo_ca::{DemoCa, Options};
use openssl::x509::X509;

/// A certification authority for tests: ACME with the challenge device-attest-01 over HTTP on 127.0.0.1
#[derive(Parser)]
struct Arguments {
    /// The port on 127.0.0.1; 0 for a free one
    #[arg(long, default_value_t = 0)]
    port: u16,

    /// The certificates of TPM manufacturers, in PEM; may be repeated
    #[arg(long, value_name = "PEM")]
    ek_root: Vec<PathBuf>,

    /// The certificates of other authorities for attestation keys, in PEM; may be repeated
    #[arg(long, value_name = "PEM")]
    ak_root: Vec<PathBuf>,

    /// The lifetime of certificates in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 24 * 3600)]
    lifetime: u64,

    /// Write the URL of the ACME directory to this file when the CA is ready
    #[arg(long, value_name = "FILE")]
    url: Option<PathBuf>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    let ca = DemoCa::start(Options {
        port: arguments.port,
        endorsement_roots: certificates(&arguments.ek_root)?,
        attestation_roots: certificates(&arguments.ak_root)?,
        lifetime: Duration::from_secs(arguments.lifetime),
        url: None,
        print,
    })?;
    print(&format!("listening: {}", ca.url("directory")));
    if let Some(file) = arguments.url {
        write_whole(&file, &ca.url("directory"))?;
    }
    ca.wait();
    Ok(())
}

/// Reads the certificates in PEM files, and returns them in DER.
fn certificates(files: &[PathBuf]) -> Result<Vec<Vec<u8>>, Box<dyn Error>> {
    let mut all = Vec::new();
    for file in files {
        for certificate in X509::stack_from_pem(&fs::read(file)?)? {
            all.push(certificate.to_der()?);
        }
    }
    Ok(all)
}

/// Whoever waits for the file never reads a part of it.
fn write_whole(file: &Path, text: &str) -> Result<(), Box<dyn Error>> {
    let part = file.with_extension("part");
    fs::write(&part, format!("{text}\n"))?;
    Ok(fs::rename(part, file)?)
}

fn print(line: &str) {
    // The reader of the log may be gone.
    let _ = writeln!(std::io::stdout(), "demo-ca: {line}");
}
