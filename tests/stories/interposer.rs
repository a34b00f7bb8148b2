//! A bus attacker changes responses: the change is detected, and the user is never asked for a password because of it.
use tests::raw::{self, Tpm as _};
use tests::{Fate, Proxy, Swtpm, Tool, module};

use crate::machine::Machine;
use crate::store::{PLAIN, certificate, nv, persist};

struct Desk {
    machine: Machine,
    proxy: Proxy,
    /// The key tool, connected through the interposer; `machine.tool` is connected directly.
    tool: Tool,
}

fn desk() -> Desk {
    let tpm = Swtpm::start();
    let proxy = Proxy::start(&tpm);
    let machine = Machine::reached_by(tpm, &proxy.tcti());
    let tool = Tool::new(machine.openssl.shell(), &proxy.tcti());
    Desk { machine, proxy, tool }
}

impl Desk {
    /// Changes one of the last bytes of the parameters in every response to this command; the session area comes after them.
    fn alters(&self, command: u32, of_parameters: usize) {
        self.proxy.on_response(move |sent, response| {
            if raw::code(sent) == command && raw::code(response) == 0 {
                let end = match response.starts_with(&[0x80, 0x02]) {
                    true => 14 + usize::try_from(raw::u32_at(response, 10)).unwrap(),
                    false => response.len(),
                };
                response[end - of_parameters] ^= 1;
            }
            Fate::Pass
        });
    }

    /// Damages every command with this code on its way to the TPM.
    fn damages(&self, command: u32) {
        self.proxy.on_command(move |sent| {
            if raw::code(sent) == command {
                *sent.last_mut().unwrap() ^= 1;
            }
            Fate::Pass
        });
    }

    fn null_name(&self) -> String {
        self.machine.tool.ok("attest -C null --outname").out().trim().to_owned()
    }
}

#[test]
fn a_forged_pcr_value_is_neither_signed_nor_bound_to() {
    let desk = desk();
    let (openssl, tool) = (&desk.machine.openssl, &desk.tool);
    openssl.without_tpm2().ok("genpkey -algorithm EC -pkeyopt group:P-256 -out vendor.pem");
    openssl.without_tpm2().ok("pkey -in vendor.pem -pubout -out vendor.pub");
    desk.machine.key("signed.tpm", "-e P-256 --signed-policy vendor.pub");
    let before = openssl.read("signed.tpm");
    desk.alters(raw::PCR_READ, 1);
    let genpkey = "genpkey -algorithm EC -pkeyopt group:P-256 -pkeyopt pcr-lock:sha256:7 -propquery provider=tpm2 -out opened.tpm";
    for output in [
        tool.run("create --force -e P-256 -x sha256:7 new.tpm"),
        tool.pipe("seal --force -x sha256:7 new.tpm", "data"),
        tool.run("policy add -x sha256:7 signed.tpm vendor.pem"),
        openssl.run(genpkey),
    ] {
        output.failed().says("TPM2_PCR_Read is not authentic");
    }
    assert!(!openssl.file("new.tpm").exists() && openssl.read("signed.tpm") == before);
    desk.proxy.remove_rules();
    tool.ok("policy add -x sha256:7 signed.tpm vendor.pem");
    desk.machine.signs("signed.tpm");
}

#[test]
fn a_forged_public_half_of_a_persistent_key_is_detected() {
    let desk = desk();
    let (openssl, tool) = (&desk.machine.openssl, &desk.tool);
    persist(&desk.machine, PLAIN, "-e P-256");
    let other = desk.machine.tpm.create_primary();
    desk.machine.tpm.persist(other, 0x8100_0177);
    // A complete, consistent response for another key.
    let forged = desk.machine.tpm.transact(&raw::command(raw::READ_PUBLIC, &[0x8100_0177], &[], &[]));
    desk.proxy.on_response(move |sent, response| {
        let bare = raw::code(sent) == raw::READ_PUBLIC && sent.starts_with(&[0x80, 0x01]);
        if bare {
            response.clone_from(&forged);
        }
        Fate::Pass
    });
    for output in [
        openssl.run(&format!("pkey -in handle:0x{PLAIN} -pubout")),
        openssl.run("storeutl -noout tpm2:"),
        tool.run(&format!("reference --force handle:0x{PLAIN} new.ref")),
        tool.run(&format!("show 0x{PLAIN}")),
        tool.run(&format!("create --force -e P-256 --secret {PLAIN} new.tpm")),
    ] {
        output.failed().says("changed in transit");
    }
    desk.alters(raw::READ_PUBLIC, 1);
    openssl.failed(&format!("pkey -in handle:0x{PLAIN} -pubout"));
    desk.proxy.remove_rules();
    openssl.ok(&format!("pkey -in handle:0x{PLAIN} -pubout"));
    assert_eq!(desk.machine.tpm.failures(), 0);
}

#[test]
fn with_a_known_salt_key_every_response_is_authenticated() {
    let desk = desk();
    let shell = desk.machine.openssl.clone().set("salt-name", &desk.null_name());
    let tool = module::keytool().display().to_string();
    desk.machine.openssl.without_tpm2().ok("genpkey -algorithm EC -pkeyopt group:P-256 -out soft.pem");
    let wrap = format!("{tool} create --force --wrap soft.pem new.tpm");
    shell.shell().ok(&wrap);
    for command in [raw::GET_CAPABILITY, raw::CREATE_PRIMARY] {
        desk.proxy.on_response(move |sent, response| {
            // The null primary is authenticated by its Name.
            let of_null = command == raw::CREATE_PRIMARY && raw::u32_at(sent, 10) == raw::NULL;
            if raw::code(sent) == command && !of_null {
                let middle = response.len() / 2;
                response[middle] ^= 1;
            }
            Fate::Pass
        });
        desk.proxy.log().clear();
        shell.shell().failed(&wrap).says("not authentic");
        assert_eq!(desk.proxy.log().count(raw::IMPORT), 0, "{}", desk.proxy.log().text());
        desk.proxy.remove_rules();
    }
    // The salt key has another Name than expected: no secret is sent.
    let other = desk.machine.openssl.clone().set("salt-name", &format!("000b{}", "11".repeat(32)));
    for line in ["seal --force new.tpm", "create --force -e P-256 --passout pass:secret new.tpm"] {
        desk.proxy.log().clear();
        other.shell().pipe(&format!("{tool} {line}"), "secret data").failed().says("the Name in salt-name");
        assert_eq!(desk.proxy.log().count(raw::CREATE), 0, "{line}: {}", desk.proxy.log().text());
    }
}

#[test]
fn a_persistent_key_can_be_the_salt_key_of_every_command() {
    let desk = desk();
    desk.machine.provision();
    let name = desk.machine.tool.ok("show 0x81000001").out();
    let name = name.lines().find_map(|line| line.trim().strip_prefix("name")).expect("its Name").trim();
    let name = name.trim_start_matches(':').split_whitespace().next().unwrap().to_owned();
    let openssl = desk.machine.openssl.clone().set("salt-name", &name);
    let tool = module::keytool().display().to_string();
    openssl.shell().ok(&format!("{tool} create --force -e P-256 -x sha256:7 new.tpm"));
    openssl.shell().ok(&format!("{tool} create --force -e P-256 -p 81000001 under.tpm"));
    openssl.ok("dgst -sha256 -sign new.tpm -out sig openssl-0.cnf");
    openssl.ok("dgst -sha256 -sign under.tpm -out sig openssl-0.cnf");
    openssl.ok("pkey -in handle:0x81000001 -pubout");
}

#[test]
fn damaged_commands_are_not_reported_as_a_wrong_password() {
    let desk = desk();
    let openssl = &desk.machine.openssl;
    desk.machine.key("key", "-e P-256");
    openssl.write("file", "contents");
    for command in [raw::LOAD, raw::SIGN] {
        desk.damages(command);
        let output = openssl.failed("dgst -sha256 -sign key -out sig file").says("which has no other");
        assert!(!output.err().contains("-passin"), "{output}");
        desk.proxy.remove_rules();
        openssl.ok("dgst -sha256 -sign key -out sig file");
    }
    desk.damages(raw::CREATE);
    desk.tool.failed("create --force -e P-256 new.tpm").says("which has no other");
}

#[test]
fn an_unreadable_nv_index_is_named() {
    let desk = desk();
    let openssl = &desk.machine.openssl;
    let der = certificate(openssl, "host");
    nv(&desk.machine, "0x1c00002", "", &der);
    nv(&desk.machine, "0x1c00003", "-p secret -a 'ownerwrite|authread|authwrite'", &der);
    let list = openssl.ok("storeutl -noout tpm2:");
    list.says("tpm2:nv=0x01c00002")
        .says("tpm2:unread=0x01c00003")
        .says("not read: the NV index is read with a password");
    // A search for certificates asks for no password.
    openssl.ok("storeutl -noout -certs tpm2:").says("Total found: 1");
    desk.tool.ok("show 0x1c00003").says("unknown: a password is needed to read it");
    desk.alters(raw::NV_READ, 1);
    desk.tool.ok("show 0x1c00002").says("\n  holds         cannot be read: ").says("not authentic");
}
