//! Passwords in policies are asked for only where a statement demands one: the key's own, and those of other objects.

use keyfile::HashAlg;
use tests::Pty;
use tests::raw::Tpm as _;

use crate::machine::Machine;

/// Runs a line on a terminal and types the password, if there is one. Returns the result and the number of prompts.
fn asked(machine: &Machine, line: &str, password: Option<&str>) -> (bool, usize) {
    let mut terminal = Pty::start(machine.openssl.command(&format!("openssl {line}")));
    if let Some(password) = password {
        terminal.expect("pass phrase").type_line(password);
    }
    let (success, screen) = terminal.end();
    (success, screen.to_lowercase().matches("pass phrase").count())
}

#[test]
fn a_password_is_asked_for_where_a_statement_demands_it() {
    let machine = Machine::new();
    machine.others("tpm2_changeauth -c e endorsed");
    machine.openssl.write("message", b"what is signed");
    machine.key("own", "-e P-256 -x 16 -k secret");
    machine.key("other", "-e P-256 --secret endorsement");
    machine.key("none", "-e P-256 -x 16 --locality 1");
    for (key, password) in [("own", Some("secret")), ("other", Some("endorsed")), ("none", None)] {
        let line = format!("dgst -sha256 -sign {key} -out message.sig message");
        assert_eq!(asked(&machine, &line, password), (true, usize::from(password.is_some())), "{key}");
    }
    for (key, password) in [("own", "secret"), ("other", "endorsed")] {
        machine.signs_with(key, password);
        machine.refuses(key, "-passin pass:wrong").says("the TPM refused the password");
        machine.refuses(key, "").says("the key needs a password");
    }
    machine.refuses("other", "-passin pass:wrong").says("the password of the endorsement hierarchy is wrong");
    machine.tpm.assert_empty();
}

#[test]
fn the_current_password_of_another_object_is_used() {
    let machine = Machine::new();
    machine.others(
        "tpm2_nvdefine -Q 0x1500016 -C o -s 8 -p index -a 'authread|authwrite|no_da'
         tpm2_createprimary -Q -c object.ctx -p object; tpm2_evictcontrol -Q -c object.ctx 0x81000007; tpm2_flushcontext -t",
    );
    for (name, password, change) in
        [("owner", "", "tpm2_changeauth -c o later"), ("01500016", "index", ""), ("81000007", "object", "")]
    {
        for hash in HashAlg::ALL {
            machine.key(
                &format!("{name}.{hash}"),
                &format!("-p endorsement -e P-256 -n {hash} --secret {name}"),
            );
            machine.signs_with(&format!("{name}.{hash}"), password);
        }
        if !change.is_empty() {
            machine.others(change);
            let key = format!("{name}.sha256");
            machine.refuses(&key, &format!("-passin pass:{password}")).says("the owner hierarchy is wrong");
            machine.signs_with(&key, "later");
        }
    }
    machine.others("tpm2_evictcontrol -Q -P later -c 0x81000007");
    machine.refuses("81000007.sha256", "-passin pass:object").says("there is nothing at 0x81000007");
    machine.others("tpm2_createprimary -Q -C e -c other.ctx -p object; tpm2_evictcontrol -Q -P later -c other.ctx 0x81000007; tpm2_flushcontext -t");
    machine.refuses("81000007.sha256", "-passin pass:object").says("there is another object");
    machine.tpm.assert_empty();
}
