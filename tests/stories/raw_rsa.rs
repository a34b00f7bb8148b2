//! A TPM that forbids the raw RSA operation, as libtpms does on FIPS hosts: the TPM's own schemes still work, and the rest fails with a
//! clear error.
use tests::chips::Chip;
use tests::raw::{self, Tpm as _};
use tests::{Authority, Proxy, Swtpm, TlsServer, Tool, peers, tls};

use crate::machine::{Machine, SRK};

const PSS: &str = "-sigopt rsa_padding_mode:pss";
const OAEP: &str = "-pkeyopt rsa_padding_mode:oaep";
const FORBIDS: &str = "this TPM forbids raw RSA";

/// A machine whose programs all use such a TPM, with a message and a secret.
pub(crate) fn machine() -> (Machine, Proxy) {
    let tpm = Swtpm::start();
    let proxy = Proxy::start(&tpm);
    proxy.become_chip(Chip::named("no raw RSA"));
    let machine = Machine::reached_by(tpm, &proxy.tcti());
    let tool = Tool::new(machine.openssl.shell(), &proxy.tcti());
    let machine = Machine { tool, ..machine };
    machine.openssl.write("message", b"what is signed");
    machine.openssl.write("secret", b"a secret of no great length");
    (machine, proxy)
}

/// Makes a key with `create`, and its public half.
#[track_caller]
fn key(machine: &Machine) {
    machine.key("key", "-r");
    machine.openssl.ok("pkey -in key -pubout -out key.pub");
}

#[test]
fn signatures_use_the_schemes_of_the_tpm() {
    let (machine, _proxy) = machine();
    key(&machine);
    let (openssl, stock) = (&machine.openssl, machine.openssl.without_tpm2());
    for digest in ["sha1", "sha256", "sha384", "sha512"] {
        for options in [String::new(), PSS.to_owned(), format!("{PSS} -sigopt rsa_pss_saltlen:digest")] {
            openssl.ok(&format!("dgst -{digest} {options} -sign key -out signature message"));
            let verify = format!("dgst -{digest} {options} -verify key.pub -signature signature message");
            stock.ok(&verify).says("Verified OK");
        }
    }
    openssl.ok("dgst -sha256 -binary -out digest message");
    openssl.ok("pkeyutl -sign -inkey key -in digest -pkeyopt digest:sha256 -out signature");
    stock.ok("dgst -sha256 -verify key.pub -signature signature message").says("Verified OK");
}

#[test]
fn an_unsupported_signature_names_the_supported_ones() {
    let (machine, _proxy) = machine();
    key(&machine);
    let openssl = &machine.openssl;
    openssl.write("block", [0x11; 256]);
    for (line, advice) in [
        ("dgst -sha3-256 -sign key message".to_owned(), "sha1, sha256, sha384 and sha512 only"),
        ("pkeyutl -sign -inkey key -in secret".to_owned(), "sha1, sha256, sha384 and sha512 only"),
        (format!("dgst -sha256 {PSS} -sigopt rsa_pss_saltlen:7 -sign key message"), "rsa_pss_saltlen:"),
        (format!("dgst -sha256 {PSS} -sigopt rsa_mgf1_md:sha1 -sign key message"), "rsa_mgf1_md"),
        ("rsautl -sign -raw -inkey key -in block".to_owned(), "rsa_padding_mode"),
    ] {
        openssl.failed(&line).says(FORBIDS).says(advice);
    }
}

#[test]
fn certificates_of_both_paddings_verify() {
    let (machine, _proxy) = machine();
    key(&machine);
    let (openssl, stock) = (&machine.openssl, machine.openssl.without_tpm2());
    // The certificate names the salt length of its signature, whether an option gave it or not.
    for options in
        ["", "-sha512", PSS, &format!("{PSS} -sigopt rsa_pss_saltlen:digest"), &format!("{PSS} -sha384")]
    {
        openssl.ok(&format!("req -x509 -key key -subj /CN=self {options} -days 2 -out self.crt"));
        stock.ok("verify -check_ss_sig -CAfile self.crt self.crt");
        openssl.ok(&format!("req -new -key key -subj /CN=self {options} -out self.csr"));
        stock.ok("req -in self.csr -verify -noout").says("verify OK");
    }
}

#[test]
fn ciphertexts_of_stock_openssl_are_decrypted() {
    let (machine, _proxy) = machine();
    key(&machine);
    let (openssl, stock) = (&machine.openssl, machine.openssl.without_tpm2());
    let seal = |options: &str| {
        stock.ok(&format!("pkeyutl -encrypt -pubin -inkey key.pub -in secret -out sealed {options}"));
        format!("pkeyutl -decrypt -inkey key -in sealed -out opened {options}")
    };
    for options in [
        String::new(),
        "-pkeyopt rsa_padding_mode:pkcs1".to_owned(),
        OAEP.to_owned(),
        format!("{OAEP} -pkeyopt rsa_oaep_md:sha256"),
        format!("{OAEP} -pkeyopt rsa_oaep_md:sha512 -pkeyopt rsa_mgf1_md:sha512"),
        format!("{OAEP} -pkeyopt rsa_oaep_md:sha256 -pkeyopt rsa_oaep_label:6c6162656c00"),
    ] {
        openssl.ok(&seal(&options));
        assert_eq!(openssl.read("opened"), openssl.read("secret"), "{options}");
    }
    for (options, advice) in [
        (format!("{OAEP} -pkeyopt rsa_oaep_md:sha256 -pkeyopt rsa_mgf1_md:sha1"), "rsa_mgf1_md"),
        (format!("{OAEP} -pkeyopt rsa_oaep_md:sha3-256"), "rsa_oaep_md"),
        (format!("{OAEP} -pkeyopt rsa_oaep_label:6c"), "zero byte"),
    ] {
        openssl.failed(&seal(&options)).says(FORBIDS).says(advice);
    }
    openssl.write("secret", [0x11; 256]);
    openssl.failed(&seal("-pkeyopt rsa_padding_mode:none")).says(FORBIDS).says("oaep or pkcs1");
}

#[test]
fn a_process_probes_raw_rsa_once_even_if_it_reconnects() {
    let (machine, proxy) = machine();
    key(&machine);
    let mut signer = machine.signer();
    signer.ok("load a key secret");
    proxy.log().clear();
    signer.ok("sign a");
    // A refusal is believed only if it is repeated.
    assert_eq!(proxy.log().count(raw::RSA_DECRYPT), 2, "{}", proxy.log().text());
    proxy.log().clear();
    signer.ok("sign a 5");
    assert_eq!(proxy.log().codes(), [raw::SIGN; 5], "{}", proxy.log().text());
    proxy.hang_up();
    machine.tpm.clear();
    proxy.log().clear();
    signer.ok("sign a");
    assert_eq!(proxy.log().count(raw::RSA_DECRYPT), 0, "{}", proxy.log().text());
    signer.end("quit");
}

#[test]
fn one_forged_refusal_changes_nothing() {
    let tpm = Swtpm::start();
    let proxy = Proxy::start(&tpm);
    let machine = Machine::reached_by(tpm, &proxy.tcti());
    machine.key("key", "-r");
    let mut signer = machine.signer();
    signer.ok("load a key secret");
    proxy.on_command(tests::tamper::answer(raw::RSA_DECRYPT, raw::SCHEME, 1));
    signer.ok("sign a 3");
    assert_eq!(proxy.log().count(raw::SIGN), 0, "{}", proxy.log().text());
    signer.end("quit");
}

#[test]
fn keys_of_other_tools_work_within_their_schemes() {
    const MADE: &str = "fixedtpm|fixedparent|sensitivedataorigin|userwithauth|noda";
    let (machine, proxy) = machine();
    machine.provision();
    let tools = peers::tpm2_tools(machine.openssl.shell(), &proxy.tcti());
    let make = |uses: &str| {
        tools.ok(&format!(
            "tpm2_create -Q -C {SRK:#x} -G rsa2048:null:null -a '{uses}|{MADE}' -u key.u -r key.r"
        ));
        tools.ok(&format!("tpm2_encodeobject -Q -C {SRK:#x} -u key.u -r key.r -o key"));
        tools.ok("tpm2_flushcontext -l");
        machine.openssl.ok("pkey -in key -passin pass: -pubout -out key.pub");
    };
    let (openssl, stock) = (&machine.openssl, machine.openssl.without_tpm2());
    let sign = "dgst -sha256 -passin pass: -sign key -out signature message";
    let encrypt = |options: &str| {
        stock.ok(&format!("pkeyutl -encrypt -pubin -inkey key.pub -in secret -out sealed {options}"));
        format!("pkeyutl -decrypt -inkey key -passin pass: -in sealed -out opened {options}")
    };
    for uses in ["sign", "sign|decrypt"] {
        make(uses);
        openssl.ok(sign);
        stock.ok("dgst -sha256 -verify key.pub -signature signature message").says("Verified OK");
    }
    openssl.ok(&encrypt(""));
    make("decrypt");
    openssl.ok(&encrypt(OAEP));
    assert_eq!(openssl.read("opened"), openssl.read("secret"));
    openssl.failed(sign).says(FORBIDS).says("may only decrypt").says("tpm2-keytool create");
    openssl.failed(&encrypt("")).says(FORBIDS).says("OAEP");
}

#[test]
fn status_shows_missing_raw_rsa_and_create_warns() {
    let (machine, proxy) = machine();
    machine.tool.ok("status").says("raw RSA       forbidden");
    machine
        .openssl
        .without_tpm2()
        .ok("genpkey -quiet -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out soft");
    for (command, options) in [(raw::CREATE, "-r"), (raw::IMPORT, "-w soft")] {
        // A TPM that also refuses RSA keys for both uses (TPM_RC_SCHEME of the second parameter).
        refuse_both_uses(&proxy, command);
        machine
            .tool
            .ok(&format!("create --force {options} key"))
            .says("warning")
            .says("forbids raw RSA")
            .says("only signs");
        machine.signs("key");
    }
    refuse_both_uses(&proxy, raw::CREATE);
    machine.openssl.ok("genpkey -algorithm TPM2-RSA -out key");
    machine.signs("key");
    machine.openssl.failed("pkeyutl -decrypt -inkey key -in secret").says("may not decrypt");
    proxy.remove_rules();
    machine.tool.ok("status").says("raw RSA       yes");
    machine.tpm.assert_empty();
}

/// The same chip, which also refuses the next command that makes a key for both uses.
fn refuse_both_uses(proxy: &Proxy, command: u32) {
    proxy.become_chip(Chip::named("no raw RSA"));
    proxy.also_on_command(tests::tamper::answer(command, 0x2D2, 1));
}

#[test]
fn tls_works_with_keys_of_every_tool() {
    let (machine, proxy) = machine();
    let (openssl, stock) = (&machine.openssl, machine.openssl.without_tpm2());
    let authority = Authority::new(openssl, "authority");
    stock.ok("genpkey -algorithm EC -pkeyopt group:P-256 -out soft.key");
    stock.ok("pkey -in soft.key -pubout -out soft.pub");
    authority.certify("soft.pub", "soft.pem");
    machine.key("created", "-r");
    openssl.ok("genpkey -algorithm TPM2-RSA -out generated");
    peers::tpm2_openssl(openssl.shell(), &proxy.tcti())
        .ok("openssl genpkey -provider tpm2 -provider default -algorithm RSA -pkeyopt bits:2048 -out peer");
    let trust = "-CAfile authority.pem -verify_return_error";
    let strict = TlsServer::start(&stock, &format!("-cert soft.pem -key soft.key {trust} -Verify 1"));
    for name in ["created", "generated", "peer"] {
        openssl.ok(&format!("pkey -in {name} -pubout -out {name}.pub"));
        authority.certify(&format!("{name}.pub"), &format!("{name}.pem"));
        let own = format!("-cert {name}.pem -key {name} {trust}");
        for version in ["-tls1_2", "-tls1_3"] {
            let _ = tls::handshake(&strict.client(openssl, &format!("{own} {version}")));
        }
        let server = TlsServer::start(openssl, &own);
        for options in ["-tls1_2", "-tls1_3", "-tls1_2 -sigalgs RSA+SHA512", "-tls1_2 -cipher AES128-SHA256"]
        {
            let _ = tls::handshake(&server.client(&stock, &format!("{trust} {options}")));
        }
        drop(server);
        machine.tpm.reset_and_startup();
    }
}
