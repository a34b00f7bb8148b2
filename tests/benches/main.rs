//! `make bench`: compares the cost of an operation through the provider, as the bare TPM command, and with other software, in one table.
//!
//! Each contender is a process of its own with a TPM of its own, and they take turns. Figures of one run can be compared; figures of two
//! runs cannot. A row's ratio is the median of the ratios of all turns.

// A benchmark runs in its developer's terminal: it prints, and a panic reports a failure.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used
)]

mod bridge;
mod contender;
mod counts;
mod esapi;
mod event_loop;
mod floor;
mod openssl;
mod pkcs11;
mod soak;
mod table;
mod tail;
mod traffic;
mod worker;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    match arguments.get(1).map(String::as_str) {
        Some("worker") => worker::serve(&arguments[2..]),
        Some("bridge") => bridge::serve(&arguments[2]),
        Some("match") => openssl::matches(&arguments[2], &arguments[3]),
        // cargo bench -p tpm2-provider-tests --bench bench -- event-loop [SECONDS]
        Some("event-loop") => {
            event_loop::print(arguments.get(2).and_then(|word| word.parse().ok()).unwrap_or(20));
        }
        // cargo bench -p tpm2-provider-tests --bench bench -- soak [HANDSHAKES]
        Some("soak") => {
            soak::print(arguments.get(2).and_then(|word| word.parse().ok()).unwrap_or(100_000));
        }
        // cargo bench -p tpm2-provider-tests --bench bench -- pkcs11 [KEYS]
        Some("pkcs11") => {
            pkcs11::print(arguments.get(2).filter(|word| *word != "--bench").map_or("", |word| word));
        }
        // cargo bench adds --bench. cargo test --benches runs nothing here, since measurements are not tests. A name selects rows: cargo
        // bench -p tpm2-provider-tests --bench bench -- ECDH
        _ if arguments.iter().any(|argument| argument == "--bench") => {
            counts::print();
            tail::print();
            let name = arguments.get(1).filter(|word| *word != "--bench");
            table::print(name.map_or("", |word| word));
            if name.is_none() {
                pkcs11::print("");
            }
        }
        _ => println!("benchmarks run with: make bench"),
    }
}
