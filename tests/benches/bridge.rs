//! Connects tcti-cmd to swtpm: commands from standard input, responses to standard output, one connection for all.

use std::io::{self, Read, Write};
use std::net::TcpStream;

use tests::Swtpm;

/// The size of a header: tag, size and code (Part 1 §16, Part 3 §4).
const HEADER: usize = 10;

/// Returns the TCTI that runs this program as a bridge.
pub(crate) fn tcti(tpm: &Swtpm) -> String {
    let program = std::env::current_exe().expect("this program");
    format!("cmd:{} bridge {}", program.display(), tpm.port())
}

/// Runs as `bridge PORT`.
pub(crate) fn serve(port: &str) {
    let mut tpm = TcpStream::connect(format!("127.0.0.1:{port}")).expect("a TPM");
    tpm.set_nodelay(true).expect("a socket");
    let (mut commands, mut answers) = (io::stdin().lock(), io::stdout().lock());
    while let Some(command) = whole(&mut commands) {
        tpm.write_all(&command).expect("a TPM");
        answers.write_all(&whole(&mut tpm).expect("an answer")).expect("a client");
        answers.flush().expect("a client");
    }
}

/// Reads a command or a response; `None` at the end of the input.
fn whole(from: &mut impl Read) -> Option<Vec<u8>> {
    let mut bytes = vec![0; HEADER];
    from.read_exact(&mut bytes).ok()?;
    let size = u32::from_be_bytes(bytes[2..6].try_into().expect("four bytes"));
    bytes.resize(usize::try_from(size).expect("a size"), 0);
    from.read_exact(&mut bytes[HEADER..]).ok()?;
    Some(bytes)
}
