//! The steps that are measured, each in fresh processes.

use std::fmt;
use std::fs::File;

use tests::process::Process;
use tests::{Dialog, port};

use crate::chip::{Chip, Cost};
use crate::contender::Setup;
use crate::handshake;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// A process starts, loads its key and signs once.
    First,
    /// The same process signs again.
    Later,
    /// A server has loaded the key; a child, forked for each connection, makes a handshake and exits. Nothing else is in these processes.
    ForkedHandshake,
    /// PostgreSQL has started; a client connects.
    PostgreSql,
    /// nginx has started; its worker makes its first handshake.
    WorkerStart,
    /// Eight threads of one process sign.
    Threads,
}

impl Step {
    pub(crate) const ALL: [Step; 6] =
        [Step::First, Step::Later, Step::ForkedHandshake, Step::PostgreSql, Step::WorkerStart, Step::Threads];

    /// Returns the name of the file with the messages of its program.
    pub(crate) fn log(self) -> &'static str {
        match self {
            Step::First | Step::Later | Step::Threads => "sign.log",
            Step::ForkedHandshake => "serve.log",
            Step::PostgreSql => "postgresql.log",
            Step::WorkerStart => "nginx.log",
        }
    }

    /// Measures the step. `None` if the provider fails, or cannot do it.
    pub(crate) fn measure(self, chip: &Chip, setup: &Setup) -> Option<Cost> {
        match self {
            Step::First => first(chip, setup),
            Step::Later => batch(chip, setup, 20, 1),
            Step::Threads => batch(chip, setup, 40, 8),
            Step::ForkedHandshake => forked(chip, setup),
            Step::PostgreSql => postgresql(chip, setup),
            Step::WorkerStart => worker_start(chip, setup),
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Step::First => "open + first signature",
            Step::Later => "each later signature",
            Step::ForkedHandshake => "forked child's handshake",
            Step::PostgreSql => "PostgreSQL handshake",
            Step::WorkerStart => "nginx worker start",
            Step::Threads => "8 threads, each signature",
        })
    }
}

/// Returns the median of three process starts. The commands with which a process cleans up when it ends do not count.
fn first(chip: &Chip, setup: &Setup) -> Option<Cost> {
    let run = || {
        let mut process = None;
        let cost = chip.cost(1, || sign(process.insert(signer(setup)), 1, 1));
        if let Some(process) = process {
            process.close();
        }
        cost
    };
    let mut costs = [run()?, run()?, run()?];
    costs.sort_by(|a, b| a.millis.total_cmp(&b.millis));
    Some(costs[1])
}

fn batch(chip: &Chip, setup: &Setup, signatures: u32, threads: u32) -> Option<Cost> {
    let mut process = signer(setup);
    // The second signature puts away what only the first one needed.
    let cost = sign(&mut process, 2 * threads, threads)
        .and_then(|()| chip.cost(signatures, || sign(&mut process, signatures, threads)));
    process.close();
    cost
}

/// The connections of a server with a process for each of them.
const CONNECTIONS: u32 = 5;

fn forked(chip: &Chip, setup: &Setup) -> Option<Cost> {
    let (port, server) = port::serve(1, |port| {
        setup
            .shell
            .spawn(&format!("{} serve {} crt {port}", setup.program, setup.key), Step::ForkedHandshake.log())
    });
    let cost = connections(chip, || handshake::with(port));
    drop(server);
    cost
}

fn postgresql(chip: &Chip, setup: &Setup) -> Option<Cost> {
    let (port, server) = setup.cluster.start(setup, Step::PostgreSql.log())?;
    let cost = connections(chip, || handshake::with_postgresql(port));
    drop(server);
    cost
}

fn connections(chip: &Chip, mut connect: impl FnMut() -> Option<()>) -> Option<Cost> {
    chip.cost(CONNECTIONS, || (0..CONNECTIONS).try_for_each(|_| connect()))
}

/// Started as a service: its workers have another environment than the master, but for these variables.
const NGINX: &str = "\
user root;
daemon off;
worker_processes 1;
env OPENSSL_CONF;
env OPENSSL_MODULES;
env TPM2_TCTI;
env TPM2OPENSSL_TCTI;
error_log stderr;
pid nginx.pid;
events { }
http {
    access_log off;
    server {
        listen 127.0.0.1:PORT ssl;
        ssl_certificate crt;
        ssl_certificate_key KEY;
        return 200;
    }
}
";

fn worker_start(chip: &Chip, setup: &Setup) -> Option<Cost> {
    let (port, server) = nginx(setup)?;
    let cost = chip.cost(1, || handshake::with(port));
    drop(server);
    cost
}

/// Starts nginx with one worker and the key, which must be in a file.
pub(crate) fn nginx(setup: &Setup) -> Option<(u16, Process)> {
    let file = setup.file()?;
    Some(port::serve(1, |port| {
        setup.shell.write("nginx.conf", NGINX.replace("PORT", &port.to_string()).replace("KEY", file));
        let folder = setup.shell.folder().display();
        setup
            .shell
            .spawn(&format!("/usr/sbin/nginx -p {folder} -c {folder}/nginx.conf"), Step::WorkerStart.log())
    }))
}

/// Starts a process that signs on request.
fn signer(setup: &Setup) -> Dialog {
    let mut command = setup.shell.command(&format!("{} sign {}", setup.program, setup.key));
    command.stderr(File::create(setup.shell.file(Step::First.log())).expect("a log file"));
    Dialog::start(command)
}

fn sign(signer: &mut Dialog, signatures: u32, threads: u32) -> Option<()> {
    (signer.try_ask(&format!("{signatures} {threads}"))? == "done").then_some(())
}
