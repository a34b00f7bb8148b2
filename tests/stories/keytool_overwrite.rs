//! Existing files: the subcommands refuse to replace one without --force; the drop-in names replace it, like the original tools.

use tests::raw::Tpm as _;

use crate::keytool::Desk;

#[test]
fn an_existing_file_is_replaced_with_force_only() {
    let desk = Desk::new();
    let key = desk.tpm.create_primary();
    desk.tpm.persist(key, 0x8100_0001);
    desk.tpm.flush(key);
    desk.run("tpm2-keytool create -e P-256 made.tpm").ok();
    desk.run("tpm2-keytool load made.tpm 81000100").ok();
    desk.others("tpm2_createek -Q -G ecc -c ek.ctx -u ek.pub; tpm2_flushcontext -t; rm -f ek.ctx");
    let name = desk.run("tpm2-keytool attest -E").ok().out();
    desk.shell.write("signer", name);
    for line in ["create -e P-256", "seal", "reference handle:0x81000100", "attest -n signer -C owner -f"] {
        desk.shell.write("file", "the only copy");
        let refused = desk.pipe(&format!("tpm2-keytool {line} file"), "data").failed();
        refused.says("file exists already").says("--force");
        assert_eq!(desk.shell.read("file"), b"the only copy", "{line}");
        desk.assert_tidy();
        let force =
            line.strip_suffix(" -f").map_or(format!("{line} --force"), |line| format!("{line} --force -f"));
        desk.pipe(&format!("tpm2-keytool {force} file"), "data").ok();
        assert_ne!(desk.shell.read("file"), b"the only copy", "{line}");
    }
}

#[test]
fn the_drop_in_names_replace_files_like_the_original_tools() {
    let desk = Desk::new();
    for line in ["create_tpm2_key -e P-256", "seal_tpm2_data"] {
        desk.shell.write("file", "an old key");
        desk.pipe(&format!("{line} file"), "data").ok();
        assert_ne!(desk.shell.read("file"), b"an old key", "{line}");
        desk.run(&format!("{line} --force file")).failed().says("--force");
    }
}
