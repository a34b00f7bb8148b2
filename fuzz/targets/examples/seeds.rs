//! Writes the seeds of targets to the folder where libFuzzer starts: `seeds FOLDER TARGET…`.

use std::path::Path;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let mut arguments = env::args().skip(1);
    let corpus = arguments.next().unwrap_or_else(|| "corpus".to_owned());
    let names: Vec<String> = arguments.collect();
    for target in targets::ALL.iter().filter(|target| names.iter().any(|name| name == target.name)) {
        let folder = Path::new(&corpus).join(target.name);
        fs::create_dir_all(&folder)?;
        for (number, seed) in (target.seeds)().iter().enumerate() {
            fs::write(folder.join(format!("seed-{number}")), seed)?;
        }
    }
    Ok(())
}
