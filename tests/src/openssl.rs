//! Stock `openssl`, with the provider under test or without it.
use std::ops::Deref;

use crate::process::Output;
use crate::{Shell, module};

/// The providers that the generated openssl.cnf activates, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// tpm2, then default.
    Tpm2First,
    /// default, then tpm2.
    DefaultFirst,
    /// tpm2 alone.
    Tpm2Only,
    /// tpm2, and the providers fips and base instead of default. A module `fips.so` must be where OpenSSL looks for it.
    Tpm2AndFips,
    /// tpm2 and base, which reads and writes files but has no keys.
    Tpm2AndBase,
}

impl Order {
    /// The two usual orders: a story that must hold in both loops over them.
    pub const BOTH: [Self; 2] = [Self::Tpm2First, Self::DefaultFirst];

    fn providers(self) -> &'static [&'static str] {
        match self {
            Self::Tpm2First => &["tpm2", "default"],
            Self::DefaultFirst => &["default", "tpm2"],
            Self::Tpm2Only => &["tpm2"],
            Self::Tpm2AndFips => &["tpm2", "fips", "base"],
            Self::Tpm2AndBase => &["tpm2", "base"],
        }
    }
}

/// The system's `openssl`. It has all methods of [`Shell`]; file names are relative to its folder.
#[derive(Clone)]
pub struct Openssl {
    shell: Shell,
    settings: String,
    sections: String,
    order: Option<Order>,
}

impl Openssl {
    /// Returns an `openssl` with the module under test, whose TPM is given by TPM2_TCTI.
    #[must_use]
    #[track_caller]
    pub fn with_tpm2(tcti: &str, order: Order) -> Self {
        Self::in_shell(Shell::new("openssl"), tcti, order)
    }

    /// Returns the same in the folder of a shell.
    #[must_use]
    #[track_caller]
    pub fn in_shell(shell: Shell, tcti: &str, order: Order) -> Self {
        let shell = shell.env("OPENSSL_MODULES", module::folder()).env("TPM2_TCTI", tcti);
        let new = Self { shell, settings: String::new(), sections: String::new(), order: Some(order) };
        new.configured()
    }

    /// Returns an `openssl` without tpm2: its own modules, and a configuration without providers.
    #[must_use]
    pub fn clean() -> Self {
        Self::clean_in(Shell::new("openssl"))
    }

    /// Returns the same in the folder of a shell.
    #[must_use]
    pub fn clean_in(shell: Shell) -> Self {
        Self { shell: shell.beside(), settings: String::new(), sections: String::new(), order: None }
            .configured()
    }

    /// Returns an `openssl` without tpm2 in the same folder.
    #[must_use]
    pub fn without_tpm2(&self) -> Self {
        let mut stock = Self::clean_in(self.shell.clone());
        stock.sections.clone_from(&self.sections);
        stock.configured()
    }

    /// Activates the providers in another order.
    #[must_use]
    pub fn ordered(mut self, order: Order) -> Self {
        self.order = Some(order);
        self.configured()
    }

    /// Adds a line to the provider's section: `set("session", "password")`.
    #[must_use]
    pub fn set(mut self, name: &str, value: &str) -> Self {
        self.settings += &format!("{name} = {value}\n");
        self.configured()
    }

    /// Adds sections at the end of openssl.cnf (`[req]`, `[ca]` …).
    #[must_use]
    pub fn sections(mut self, text: &str) -> Self {
        self.sections += text;
        self.configured()
    }

    /// Sets an environment variable.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.shell = self.shell.env(name, value);
        self
    }

    /// Removes an environment variable that was set.
    #[must_use]
    pub fn unset(mut self, name: &str) -> Self {
        self.shell = self.shell.unset(name);
        self
    }

    /// Puts words before each command: `valgrind -q`.
    #[must_use]
    pub fn under(mut self, wrapper: &str) -> Self {
        self.shell = self.shell.under(wrapper);
        self
    }

    /// Returns its shell, to run other programs with the same configuration in the same folder.
    #[must_use]
    pub fn shell(&self) -> &Shell {
        &self.shell
    }

    /// Runs `openssl LINE` to its end.
    #[must_use]
    pub fn run(&self, line: &str) -> Output {
        self.shell.run(&format!("openssl {line}"))
    }

    /// Runs `openssl LINE` with a standard input.
    #[must_use]
    pub fn pipe(&self, line: &str, input: impl AsRef<[u8]>) -> Output {
        self.shell.pipe(&format!("openssl {line}"), input)
    }

    /// Runs `openssl LINE`, which must succeed.
    #[track_caller]
    pub fn ok(&self, line: &str) -> Output {
        self.run(line).ok()
    }

    /// Runs `openssl LINE`, which must fail, but neither crash nor hang.
    #[track_caller]
    pub fn failed(&self, line: &str) -> Output {
        self.run(line).failed()
    }

    /// Writes openssl.cnf and points to it. The file's name depends on its contents, so that clones in one folder do not change each
    /// other's file.
    fn configured(mut self) -> Self {
        let providers = self.order.map_or(&[][..], Order::providers);
        let text = configuration(providers, &self.settings, &self.sections);
        let name = (0..).map(|i| format!("openssl-{i}.cnf")).find(|name| {
            let there = self.shell.text(name);
            there.is_empty() || there == text
        });
        let path = self.shell.write(name.expect("an endless row of names"), text);
        self.shell = self.shell.env("OPENSSL_CONF", path);
        self
    }
}

/// Access to the files, with [`Shell`]'s methods.
impl Deref for Openssl {
    type Target = Shell;

    fn deref(&self) -> &Shell {
        &self.shell
    }
}

fn configuration(providers: &[&str], settings: &str, sections: &str) -> String {
    let mut text = String::new();
    if !providers.is_empty() {
        // Without `extensions`, x509 of OpenSSL 4.0 reads the whole first section as extensions of a certificate.
        text += "openssl_conf = init\nnodejs_conf = init\nextensions = none\n[none]\n[init]\nproviders = providers\n[providers]\n";
        text.extend(providers.iter().map(|name| format!("{name} = {name}_provider\n")));
        for name in providers {
            text +=
                &format!("[{name}_provider]\nactivate = 1\n{}", if *name == "tpm2" { settings } else { "" });
        }
    }
    // `openssl req` requires this of any configuration.
    text + "[req]\ndistinguished_name = name\n[name]\n" + sections
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clean_openssl_has_no_tpm2() {
        let openssl = Openssl::clean();
        let list = openssl.ok("list -providers").out();
        assert!(list.contains("default") && !list.contains("tpm2"), "{list}");
        openssl.ok("req -x509 -newkey rsa:2048 -nodes -keyout key -subj /CN=x -out cert");
        openssl.failed("pkey -in absent").says("absent").says("No such file");
    }

    #[test]
    fn configuration_has_the_requested_order() {
        let first = configuration(Order::Tpm2First.providers(), "session = password\n", "");
        let last = configuration(Order::DefaultFirst.providers(), "session = password\n", "");
        assert!(first.find("tpm2 =") < first.find("default ="));
        assert!(last.find("tpm2 =") > last.find("default ="));
        assert!(first.contains("[tpm2_provider]\nactivate = 1\nsession = password\n[default_provider]"));
    }
}
