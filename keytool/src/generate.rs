//! `completions` and `man`: shell completions and manual pages, generated from the definition of the command line.

use std::fs;
use std::path::{Path, PathBuf};

use clap::builder::Resettable;
use clap::{Arg, Args, Command};
use clap_complete::Shell;

use crate::cli;
use crate::error::Error;
use crate::terminal;

mod examples;
mod sections;

/// Print the completions for a shell
#[derive(Args)]
#[command(hide = true)]
pub(crate) struct Completions {
    /// The shell
    shell: Shell,
    /// The name to complete: the name of this binary, or a drop-in name
    #[arg(default_value = cli::NAME)]
    name: String,
}

impl Completions {
    /// Prints the completions.
    pub(crate) fn run(self) -> Result<(), Error> {
        let mut applets = cli::applets().into_iter();
        let Some(mut applet) = applets.find(|applet| applet.get_name() == self.name) else {
            let names: Vec<String> =
                cli::applets().iter().map(|applet| applet.get_name().to_owned()).collect();
            return Err(Error::request(
                format!("{} is not a name of this program", self.name),
                format!("its names are {}", names.join(", ")),
            ));
        };
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut applet, &self.name, &mut script);
        let script = one_name(&self.name, &String::from_utf8_lossy(&script));
        terminal::result(script.trim_end())
    }
}

/// Makes the spelling of the binary's name in a bash script consistent. clap_complete 4.6 writes a hyphen in two ways: subcommands set
/// `tpm2__keytool__…` and are looked up as `tpm2__subcmd__keytool__…` (clap-rs/clap#6421).
fn one_name(name: &str, script: &str) -> String {
    script.replace(&name.replace('-', "__subcmd__"), &name.replace('-', "__"))
}

/// Write the manual pages
#[derive(Args)]
#[command(hide = true)]
pub(crate) struct Manual {
    /// The folder for the pages; without it the page of tpm2-keytool is printed
    folder: Option<PathBuf>,
}

impl Manual {
    /// Writes one page for each name and subcommand.
    pub(crate) fn run(self) -> Result<(), Error> {
        let Some(folder) = self.folder else {
            let first = cli::applets().into_iter().next();
            return first.map_or(Ok(()), |applet| terminal::result(String::from_utf8_lossy(&page(applet)?)));
        };
        fs::create_dir_all(&folder).map_err(|source| Error::write(&folder, source))?;
        for applet in cli::applets() {
            for command in applet.get_subcommands().filter(|command| has_page(command)) {
                // build() has set the full name: tpm2-keytool-create
                let name = command.get_display_name().unwrap_or(command.get_name()).to_owned();
                write(&folder, &name, command.clone())?;
            }
            let name = applet.get_name().to_owned();
            write(&folder, &name, applet)?;
        }
        Ok(())
    }
}

/// Returns true if the command gets a page. `help` needs none.
fn has_page(command: &Command) -> bool {
    !command.is_hide_set() && command.get_name() != cli::HELP
}

fn write(folder: &Path, name: &str, command: Command) -> Result<(), Error> {
    let path = folder.join(format!("{name}.1"));
    fs::write(&path, page(command)?).map_err(|source| Error::write(&path, source))
}

/// Adds the visible aliases of an option to its help, because clap_mangen 0.2 does not show them.
fn with_aliases(option: Arg) -> Arg {
    let Some(aliases) = option.get_visible_aliases().filter(|aliases| !aliases.is_empty()) else {
        return option;
    };
    let spelled: Vec<String> = aliases.iter().map(|alias| format!("--{alias}")).collect();
    let help = option.get_long_help().or(option.get_help()).map(ToString::to_string).unwrap_or_default();
    option.long_help(format!("{help}\n\nAlso spelled {}.", spelled.join(", ")))
}

/// Removes the text after the options if a section of the page has it: examples and exit codes.
fn with_no_repetition(command: Command) -> Command {
    let text = command.get_after_long_help().map(ToString::to_string).unwrap_or_default();
    let repeats = ["Example", "Exit codes"].iter().any(|start| text.starts_with(start));
    let command = command.after_help(Resettable::Reset);
    if repeats { command.after_long_help(Resettable::Reset) } else { command }
}

fn page(command: Command) -> Result<Vec<u8>, Error> {
    let mut page = Vec::new();
    let title = command.get_display_name().unwrap_or(command.get_name()).to_owned();
    let rendered = clap_mangen::Man::new(with_no_repetition(command.mut_args(with_aliases)))
        .title(&title)
        .manual("TPM 2.0 keys for OpenSSL")
        .render(&mut page);
    rendered.map_err(|source| Error::write("the manual page".as_ref(), source))?;
    page.extend(sections::of(&title).into_bytes());
    Ok(page)
}
