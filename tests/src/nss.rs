//! Databases of NSS, in which browsers find certificates and PKCS#11 modules.
use std::path::Path;

use crate::{Shell, Token};

/// The name under which the module is added.
pub const NAME: &str = "tpm2";

/// Creates a database in a folder, without a password, with a trusted authority.
#[track_caller]
pub fn database(shell: &Shell, folder: &Path, authority: &str) {
    std::fs::create_dir_all(folder).expect("a folder for the database");
    let folder = folder.display();
    shell.ok(&format!("certutil -N --empty-password -d sql:{folder}"));
    shell.ok(&format!("certutil -A -d sql:{folder} -n authority -t C,, -i {authority}"));
}

/// Creates a database in a folder with the token's authority and the PKCS#11 module.
#[track_caller]
pub fn database_of(token: &Token, folder: &Path) {
    database(token, folder, &token.authority().certificate());
    let module = token.module();
    token.ok(&format!(
        "modutil -dbdir sql:{} -add {NAME} -libfile {} -force",
        folder.display(),
        module.display()
    ));
}
