//! A contender's process: loads its key once, then does as many operations as each line of its standard input requests.
//!
//! Request: `OPERATIONS THREADS`. Response: `WALL_NS CPU_NS` of the whole batch. The process ends at the end of its input.

use std::io::{BufRead, Write};
use std::time::Instant;

use tests::process::cpu_time;

use crate::contender::Kind;
use crate::{esapi, floor, openssl};

/// One private-key operation with a loaded key. Several threads call it at once.
pub(crate) trait Operation: Sync {
    fn run(&self);
}

/// Runs as `worker KIND ALGORITHM TCTI KEY`.
pub(crate) fn serve(arguments: &[String]) {
    let [kind, algorithm, tcti, key] = arguments else { panic!("worker KIND ALGORITHM TCTI KEY") };
    let algorithm = algorithm.parse().expect("an algorithm");
    let operation: Box<dyn Operation> = match kind.parse().expect("a kind") {
        Kind::Floor => Box::new(floor::Floor::new(algorithm, tcti)),
        Kind::Esapi(session) => Box::new(esapi::Esapi::new(algorithm, tcti, session)),
        Kind::Ours | Kind::Peer => Box::new(openssl::OpenSsl::new(algorithm, key)),
    };
    operation.run();
    println!("ready");
    for line in std::io::stdin().lock().lines() {
        let line = line.expect("a request");
        let (operations, threads) = line.split_once(' ').expect("OPERATIONS THREADS");
        let (wall, cpu) = batch(&*operation, operations.parse().unwrap(), threads.parse().unwrap());
        println!("{wall} {cpu}");
        std::io::stdout().flush().unwrap();
    }
}

fn batch(operation: &dyn Operation, operations: u64, threads: u64) -> (u128, u128) {
    let (wall, cpu) = (Instant::now(), cpu_time());
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| (0..operations / threads).for_each(|_| operation.run()));
        }
    });
    (wall.elapsed().as_nanos(), (cpu_time() - cpu).as_nanos())
}
