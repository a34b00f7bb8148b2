//! `attest` identifies a TPM by EK certificates of every template, and its keys by the TPM's own signature. It detects an interposer
//! that pretends to be a TPM.

use std::sync::Arc;

use keyfile::wire::{Marshal, Unmarshal};
use keyfile::{Attributes, Certification, Curve, Kdf, Name, Public, PublicKey, Scheme, Symmetric};
use tests::chips::Chip;
use tests::raw::{self, Tpm as _};
use tests::{Authority, Fate, Openssl, Proxy, Swtpm, tamper};

use crate::keytool::Desk;

/// TPM_CC (Part 2 §6.5.2).
const CERTIFY: u32 = 0x148;
const ACTIVATE_CREDENTIAL: u32 = 0x147;

/// Makes the signing key with tpm2-tools.
const SIGNER: &str = "tpm2_createprimary -Q -C e -G ecc256:ecdsa-sha256:null -c signer.ctx -a \
    'fixedtpm|fixedparent|sensitivedataorigin|userwithauth|noda|restricted|sign'";
/// The warning of a run that prints what an unknown signing key says, and the refusal to check a Name with such a key.
const UNVERIFIED: &str = "warning: the signing key is not verified: -A proves that it is in a TPM, -n that it is the key recorded earlier";
const UNKNOWN_SIGNER: &str =
    "the signing key is not verified: an attacker on the bus can sign with another key";
/// PolicyB of the TCG EK credential profile.
const POLICY_B: [(&str, &str); 3] = [
    ("sha256", "ca3d0a99a2b93906f7a3342414efcfb3a385d44cd1fd459089d19b5071c0b7a0"),
    (
        "sha384",
        "b26e7d28d11a50bc53d882bcf5fd3a1a074148bb35d3b4e4cb1c0ad9bde419cacb47ba09699646150f9fc000f3f80e12",
    ),
    (
        "sha512",
        "b8221ca69e8550a4914de3faa6a18c072cc01208073a928d5d66d59ef79e49a429c41a6b269571d57edb25fbdb1838425608b413cd616a5f6db5b6071af99bea",
    ),
];

impl Desk {
    /// Makes an EK certificate NAME.pem for the public key that a script writes to NAME.pub; the authority has no TPM.
    #[track_caller]
    fn certificate(&self, name: &str, script: &str) {
        self.others(&format!("{script}; tpm2_flushcontext -t; tpm2_flushcontext -l; tpm2_flushcontext -s"));
        self.shell.ok("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=maker -keyout maker.key -out maker.pem");
        self.shell.ok(&format!(
            "openssl x509 -new -force_pubkey {name}.pub -subj /CN=EK -CA maker.pem -CAkey maker.key -out {name}.pem"
        ));
    }

    /// Makes the certificate ek.pem of the low-range P-256 key.
    #[track_caller]
    fn ec_certificate(&self) {
        self.certificate("ek", "tpm2_createek -Q -c ek.ctx -G ecc -u ek.pub -f pem");
    }

    /// Makes a certificate of the key that a template gives in the endorsement hierarchy.
    #[track_caller]
    fn certificate_by(&self, name: &str, template: &Public) {
        let parameters = [raw::sized(&[0; 4]), template.to_sized().unwrap(), vec![0; 6]].concat();
        let made = self.tpm.raw(raw::CREATE_PRIMARY, &[raw::ENDORSEMENT], &[b""], &parameters);
        let answer = made.ok();
        let size = usize::from(u16::from_be_bytes([answer[0], answer[1]]));
        let public = Public::from_bytes(&answer[2..2 + size]).unwrap();
        let PublicKey::Ecc { x, y, .. } = public.key else { panic!("not EC") };
        // SubjectPublicKeyInfo of a P-256 key, up to the point (RFC 5480).
        let head = hex::decode("3059301306072a8648ce3d020106082a8648ce3d03010703420004").unwrap();
        self.shell.write("point", [head, x, y].concat());
        self.certificate(name, &format!("openssl pkey -pubin -inform DER -in point -out {name}.pub"));
    }

    /// Returns the Name of a key in a context file, computed by tpm2-tools.
    #[track_caller]
    fn name_of(&self, context: &str) -> String {
        self.others(&format!("tpm2_readpublic -Q -c {context} -n name; tpm2_flushcontext -t"));
        hex::encode(self.shell.read("name"))
    }

    /// Runs a line that must fail with this cause and leave nothing behind.
    #[track_caller]
    fn refuse(&self, line: &str, cause: &str) {
        let output = self.run(line).failed().says(cause);
        assert!(output.out().is_empty() && output.err().lines().count() == 2, "{line}: {output}");
        self.assert_tidy();
    }
}

#[test]
fn a_low_range_certificate_proves_the_printed_name() {
    let desk = Desk::new();
    desk.ec_certificate();
    desk.shell.ok("openssl x509 -in ek.pem -outform DER -out ek.der");
    desk.others(SIGNER);
    let signer = desk.name_of("signer.ctx");
    for line in ["tpm2-keytool attest -E -A ek.pem", "attest_tpm2_primary --eksign --attest ek.der"] {
        assert_eq!(desk.run(line).ok().out(), format!("{signer}\n"), "{line}");
        desk.assert_tidy();
    }
    // Certificates in NV indexes are padded with zeros or ones.
    for filling in [0, 0xff] {
        desk.shell.write("nv.der", [desk.shell.read("ek.der"), vec![filling; 100]].concat());
        desk.run("attest_tpm2_primary -A nv.der").ok().says("in the same TPM").says(&signer);
    }
    // Without a proof the Name is printed with a warning.
    let unproven = desk.run("attest_tpm2_primary -E").ok().says(UNVERIFIED);
    assert_eq!(unproven.out(), format!("{signer}\n"));
    desk.run("attest_tpm2_primary --help").ok().says("What is proven").says("openssl verify");
    desk.run("attest_tpm2_primary").failed().says("Usage");
    desk.assert_tidy();
}

#[test]
fn certificates_of_every_template_are_accepted() {
    let desk = Desk::new();
    for (hash, digest) in POLICY_B {
        desk.shell.write(format!("{hash}.policy"), hex::decode(digest).unwrap());
    }
    let high = |name: &str, kind: &str, hash: &str| {
        let attributes =
            "fixedtpm|fixedparent|sensitivedataorigin|userwithauth|adminwithpolicy|restricted|decrypt";
        desk.certificate(
            name,
            &format!(
                "tpm2_createprimary -Q -C e -G {kind} -g {hash} -L {hash}.policy -a '{attributes}' -c ek.ctx
                 tpm2_readpublic -Q -c ek.ctx -f pem -o {name}.pub"
            ),
        );
    };
    desk.certificate("L-1", "tpm2_createek -Q -c ek.ctx -G rsa -u L-1.pub -f pem");
    high("H-1", "rsa2048:aes128cfb", "sha256");
    high("H-2", "ecc256:aes128cfb", "sha256");
    high("H-3", "ecc384:aes256cfb", "sha384");
    high("H-4", "ecc521:aes256cfb", "sha512");
    high("H-6", "rsa3072:aes256cfb", "sha384");
    for name in ["L-1", "H-1", "H-2", "H-3", "H-4", "H-6"] {
        desk.run(&format!("tpm2-keytool attest -A {name}.pem")).ok().says("in the same TPM");
        desk.assert_tidy();
    }
}

/// A TPM maker may add a nonce to the template or use its own template, and stores either in NV.
#[test]
fn templates_and_nonces_of_the_tpm_maker_are_read() {
    let desk = Desk::new();
    let define = |index: &str, bytes: &[u8]| {
        desk.shell.write("bytes", bytes);
        let attributes = "-a 'ownerread|ppread|authread|ownerwrite|no_da'";
        let size = bytes.len();
        desk.others(&format!(
            "tpm2_nvdefine -Q {index} -s {size} {attributes}; tpm2_nvwrite -Q {index} -C o -i bytes"
        ));
    };
    let (symmetric, scheme) = (Symmetric::Null, Scheme::Null);
    let ecc = PublicKey::Ecc { symmetric, scheme, curve: Curve::P256, kdf: Kdf::Null, x: vec![], y: vec![] };
    let usual = crypto::endorsement::templates(&ecc).unwrap().remove(0);
    let with_nonce = |public: &Public| {
        let mut public = public.clone();
        let PublicKey::Ecc { x, .. } = &mut public.key else { panic!("not EC") };
        x[..18].copy_from_slice(b"nonce-of-the-maker");
        public
    };
    desk.certificate_by("usual", &usual);
    desk.certificate_by("nonce", &with_nonce(&usual));
    desk.shell.write("policy", &usual.auth_policy);
    // The unique field for tpm2_createprimary: its size (little-endian), the nonce, and zeros.
    desk.shell.write("unique", [&[0, 1][..], b"nonce-of-the-maker", &[0; 238]].concat());
    desk.certificate(
        "rsa",
        "tpm2_createprimary -Q -C e -G rsa2048:aes128cfb -g sha256 -L policy -u unique -c ek.ctx \
             -a 'fixedtpm|fixedparent|sensitivedataorigin|adminwithpolicy|restricted|decrypt'
         tpm2_readpublic -Q -c ek.ctx -f pem -o rsa.pub",
    );
    // A template of the maker: without dictionary-attack protection.
    let mut own = usual.clone();
    own.attributes = own.attributes | Attributes::NO_DA;
    desk.certificate_by("own", &own);
    desk.certificate_by("both", &with_nonce(&own));
    let proven = |names: &[&str], refused: &[&str]| {
        for name in names {
            desk.run(&format!("tpm2-keytool attest -A {name}.pem")).ok().says("in the same TPM");
            desk.assert_tidy();
        }
        for name in refused {
            desk.refuse(&format!("tpm2-keytool attest -A {name}.pem"), "belongs to another TPM");
        }
    };
    proven(&["usual"], &["nonce", "rsa", "own", "both"]);
    define("0x01c00003", b"nonce-of-the-maker");
    define("0x01c00004", b"no template");
    define("0x01c0000b", b"nonce-of-the-maker");
    proven(&["usual", "nonce", "rsa"], &["own", "both"]);
    define("0x01c0000c", &own.to_bytes().unwrap());
    // The owner has a password, and no password is tried to read the indexes.
    desk.others("tpm2_changeauth -Q -c o word");
    proven(&["usual", "own", "both"], &["nonce"]);
    assert_eq!(desk.tpm.failures(), 0);
}

#[test]
fn a_tpm_with_factory_keys_and_certificates_is_attested() {
    let desk = Desk::from_factory();
    let proxy = Proxy::start(&desk.tpm);
    for certificate in ["ek-rsa2048.crt", "ek-secp384r1.crt"] {
        let tcti = proxy.swtpm_tcti();
        desk.run(&format!("tpm2-keytool attest --tcti {tcti} -A {certificate}")).ok().says("in the same TPM");
        desk.tpm.assert_empty();
    }
    // The keys are persistent, so no RSA key is derived: only the signing key and the salt key, for each.
    assert_eq!(proxy.log().count(raw::CREATE_PRIMARY), 4, "{}", proxy.log().text());
    desk.others("tpm2_getekcertificate -o nv.der 2>/dev/null");
    desk.run("tpm2-keytool attest -A nv.der").ok().says("in the same TPM");
}

#[test]
fn the_storage_key_of_each_hierarchy_is_attested() {
    let desk = Desk::new();
    desk.run("attest_tpm2_primary -E").ok();
    desk.shell.write("signer.name", desk.run("attest_tpm2_primary -E").ok().out());
    for (hierarchy, letter) in [("owner", "o"), ("null", "n"), ("endorsement", "e"), ("platform", "p")] {
        desk.others(&format!(
            "tpm2_createprimary -Q -C {letter} -G ecc256:aes128cfb -c primary.ctx \
             -a 'fixedtpm|fixedparent|sensitivedataorigin|userwithauth|noda|restricted|decrypt'
             tpm2_readpublic -Q -c primary.ctx -f pem -o expected.pem"
        ));
        let name = desk.name_of("primary.ctx");
        let line = format!("attest_tpm2_primary -n signer.name -C {hierarchy}");
        assert_eq!(desk.run(&format!("{line} -o -f key.pem")).ok().out(), format!("{name}\n"));
        assert_eq!(desk.shell.read("key.pem"), desk.shell.read("expected.pem"), "{hierarchy}");
        // In the kernel's format, and in that of tpm2_readpublic.
        desk.shell.write("null_name", format!("{name}\n"));
        desk.run(&format!("{line} null_name")).ok().says("it is that key");
        desk.run(&format!("{line} name")).ok().says("it is that key");
        desk.assert_tidy();
    }
    // The null hierarchy is the default; its key changes at each reset.
    desk.run("attest_tpm2_primary -n signer.name -o").ok();
    desk.shell.write("null_name", desk.run("attest_tpm2_primary -n signer.name -o").ok().out());
    desk.run("attest_tpm2_primary -n signer.name null_name").ok().says("null: its storage key");
    desk.tpm.reset_and_startup();
    desk.refuse("attest_tpm2_primary -n signer.name null_name", "but null_name contains");
    desk.run("attest_tpm2_primary -n signer.name").ok().says("it is the signing key");
    desk.run("attest_tpm2_primary -C lockout").failed().says("owner, null, endorsement or platform");
}

/// An older TPM without P-256: RSA keys sign, and the storage keys are RSA.
#[test]
fn a_tpm_without_p256_is_attested() {
    let (desk, proxy) = Desk::behind_proxy();
    desk.certificate("ek", "tpm2_createek -Q -c ek.ctx -G rsa -u ek.pub -f pem");
    desk.certificate("ecc", "tpm2_createek -Q -c ek.ctx -G ecc -u ecc.pub -f pem");
    desk.others(
        "tpm2_createprimary -Q -C o -G rsa2048:aes128cfb -c primary.ctx \
         -a 'fixedtpm|fixedparent|sensitivedataorigin|userwithauth|noda|restricted|decrypt'
         tpm2_readpublic -Q -c primary.ctx -f pem -o expected.pem; tpm2_flushcontext -t",
    );
    proxy.become_chip(Chip::named("no ECC"));
    desk.run("attest_tpm2_primary -A ek.pem -C owner -f key.pem").ok();
    assert_eq!(desk.shell.read("key.pem"), desk.shell.read("expected.pem"));
    desk.refuse("attest_tpm2_primary -A ecc.pem", "belongs to another TPM: this TPM has no curve prime256v1");
    proxy.also_on_response(|command, response| {
        if raw::code(command) == CERTIFY {
            // The last byte of the signature; the authorization area follows it.
            let at = response.len() - 11;
            response[at] ^= 1;
        }
        Fate::Pass
    });
    desk.refuse("attest_tpm2_primary -A ek.pem -C owner", "the signature is wrong");
}

#[test]
fn mismatched_arguments_are_refused() {
    let desk = Desk::new();
    desk.ec_certificate();
    let other = Desk::new();
    other.ec_certificate();
    other.certificate("rsa", "tpm2_createek -Q -c ek.ctx -G rsa -u rsa.pub -f pem");
    for name in ["ek", "rsa"] {
        desk.shell.write(format!("foreign-{name}.pem"), other.shell.read(format!("{name}.pem")));
    }
    desk.shell.write("foreign.name", other.run("attest_tpm2_primary -E -A ek.pem").ok().out());
    let openssl = Openssl::clean();
    let authority = Authority::new(&openssl, "maker");
    for (name, kind) in [
        ("ed25519", "-algorithm ED25519"),
        ("rsa1024", "-algorithm RSA -pkeyopt rsa_keygen_bits:1024"),
        ("rsa4096", "-algorithm RSA -pkeyopt rsa_keygen_bits:4096"),
        ("p224", "-algorithm EC -pkeyopt group:P-224"),
        ("p521", "-algorithm EC -pkeyopt group:P-521"),
        ("brainpool", "-algorithm EC -pkeyopt group:brainpoolP256r1"),
    ] {
        openssl.ok(&format!("genpkey {kind} -out {name}.key"));
        openssl.ok(&format!("pkey -in {name}.key -pubout -out {name}.pub"));
        authority.certify(&format!("{name}.pub"), &format!("{name}.pem"));
        desk.shell.write(format!("{name}.pem"), openssl.read(format!("{name}.pem")));
    }
    desk.shell.write("text", "hello");
    desk.shell.write("cut.der", &desk.shell.read("ek.pem")[..200]);
    for (line, cause) in [
        ("-A foreign-ek.pem", "belongs to another TPM"),
        ("-A foreign-rsa.pem", "belongs to another TPM"),
        ("-A foreign-ek.pem -E -C null -f no.pem", "belongs to another TPM"),
        ("-A p521.pem", "belongs to another TPM"),
        ("-A rsa4096.pem", "belongs to another TPM: this TPM has no RSA keys of 4096 bits"),
        ("-A rsa1024.pem", "no EK template"),
        ("-A p224.pem", "no EK template"),
        ("-A brainpool.pem", "no EK template"),
        ("-A ed25519.pem", "it is neither"),
        ("-A text", "cannot use text as an EK certificate"),
        ("-A /dev/zero", "longer than a megabyte"),
        ("-n /dev/zero", "longer than a megabyte"),
        ("-A cut.der", "neither DER nor PEM"),
        ("-A ek.pub", "neither DER nor PEM"),
        ("-A nowhere.pem", "nowhere.pem"),
        ("-n foreign.name -E", "but foreign.name contains"),
        ("-n foreign.name -C null -f no.pem", "signing key of this TPM is"),
        ("-n text", "does not contain the Name"),
        ("-n nowhere", "nowhere"),
        ("-A ek.pem -C null text", "does not contain the Name"),
        ("-A ek.pem -C null foreign.name -f no.pem", "the certified key is"),
        ("foreign.name", UNKNOWN_SIGNER),
        ("-C owner foreign.name", UNKNOWN_SIGNER),
        ("-C null -f nowhere/no.pem", "cannot write"),
        ("-E --tcti device:/dev/no-such-tpm", "/dev/no-such-tpm"),
    ] {
        desk.refuse(&format!("attest_tpm2_primary {line}"), cause);
        desk.assert_absent("no.pem");
    }
}

#[test]
fn hierarchies_with_passwords_are_attested() {
    let (desk, proxy) = Desk::behind_proxy();
    desk.ec_certificate();
    desk.certificate("rsa", "tpm2_createek -Q -c ek.ctx -G rsa -u rsa.pub -f pem");
    desk.shell.write("signer.name", desk.run("attest_tpm2_primary -E").ok().out());
    desk.others("tpm2_changeauth -Q -c e swordfish; tpm2_changeauth -Q -c o trout-of-old; tpm2_changeauth -Q -c p pike");
    proxy.log().clear();
    desk.shell.write("word", "swordfish\n");
    for line in
        ["-A ek.pem -k swordfish", "-A rsa.pem --passin file:word", "-n signer.name --passin pass:swordfish"]
    {
        desk.run(&format!("attest_tpm2_primary {line} -C endorsement")).ok();
        desk.assert_tidy();
    }
    desk.pipe("attest_tpm2_primary -a -A ek.pem", "swordfish\n").ok().says("in the same TPM");
    let own = "attest_tpm2_primary -n signer.name -k swordfish";
    desk.run(&format!("{own} -C owner -b trout-of-old")).ok();
    desk.run(&format!("{own} -C platform --passparent pass:pike")).ok();
    desk.run(&format!("{own} -C null")).ok();
    for (line, cause) in [
        ("attest_tpm2_primary -A ek.pem", "endorsement hierarchy"),
        ("attest_tpm2_primary -A ek.pem", "--passin"),
        ("attest_tpm2_primary -A ek.pem -k wrong", "TPM_RC_BAD_AUTH"),
        ("attest_tpm2_primary -E", "endorsement hierarchy"),
    ] {
        desk.refuse(line, cause);
    }
    desk.refuse(&format!("{own} -C owner"), "--passparent");
    desk.refuse(&format!("{own} -C owner -b wrong"), "owner hierarchy");
    desk.refuse("attest_tpm2_primary -a -E", "cannot read the password of the endorsement hierarchy");
    for word in ["swordfish", "trout-of-old", "pike"] {
        assert!(!proxy.log().contains(word.as_bytes()), "{word} was on the bus");
    }
    assert_eq!(desk.tpm.failures(), 0);
}

#[test]
fn an_interruption_leaves_nothing() {
    let (desk, proxy) = Desk::behind_proxy();
    desk.ec_certificate();
    desk.shell.write("old", "the only copy");
    let line = "tpm2-keytool attest -A ek.pem -C owner --force -f old";
    for command in [raw::CREATE_PRIMARY, ACTIVATE_CREDENTIAL, CERTIFY] {
        desk.interrupt(&proxy, command, libc::SIGINT, line, b"");
        assert_eq!(desk.shell.read("old"), b"the only copy");
    }
    desk.run(line).ok();
    desk.shell.ok("openssl pkey -pubin -in old -noout");
}

/// A change of any byte of the certification is detected.
#[test]
fn an_altered_certification_is_refused() {
    let (desk, proxy) = Desk::behind_proxy();
    desk.shell.write("signer.name", desk.run("attest_tpm2_primary -E").ok().out());
    proxy.log().clear();
    desk.run("attest_tpm2_primary -n signer.name -C null").ok();
    let whole = proxy.log().all().into_iter().find(|exchange| exchange.code() == CERTIFY).unwrap().response;
    // After the header and the size, before the authorization area: two empty nonces, attributes and HMACs.
    for at in (14..whole.len() - 10).step_by(11) {
        proxy.on_response(tamper::flip_bit(CERTIFY, 0, at * 8 + 7));
        let output = desk.run("attest_tpm2_primary -n signer.name -C null -f no.pem").failed();
        let shown = output.err();
        assert!(shown.contains("cannot be trusted") || shown.contains("cannot be read"), "{at}: {output}");
        desk.assert_absent("no.pem");
    }
    desk.assert_tidy();
}

/// Recorded or foreign responses: each comes from a real TPM, and none is the right one.
#[test]
fn recorded_and_foreign_responses_are_refused() {
    let (desk, proxy) = Desk::behind_proxy();
    desk.ec_certificate();
    desk.shell.write("signer.name", desk.run("attest_tpm2_primary -E").ok().out());
    let certify = |hierarchy: &str| {
        proxy.log().clear();
        desk.run(&format!("attest_tpm2_primary -n signer.name -C {hierarchy}")).ok();
        let mut all = proxy.log().all().into_iter();
        all.find(|exchange| exchange.code() == CERTIFY).unwrap().response
    };
    let said = |answer: &[u8]| {
        let size = usize::from(u16::from_be_bytes([answer[14], answer[15]]));
        Certification::from_bytes(&answer[16..16 + size]).unwrap()
    };
    let old = certify("null");
    assert_ne!(said(&old), said(&certify("null")));

    // A replay of everything without a TPM: the nonce is an earlier one, even where only the Name is to be proven.
    proxy.log().clear();
    desk.run("attest_tpm2_primary -n signer.name").ok().says("it is the signing key of this TPM");
    replay(&proxy);
    desk.refuse("attest_tpm2_primary -n signer.name", "does not contain the nonce");
    desk.refuse("attest_tpm2_primary -n signer.name -E", "does not contain the nonce");
    proxy.remove_rules();
    // A replay of this response alone.
    replace(&proxy, CERTIFY, old);
    desk.refuse("attest_tpm2_primary -n signer.name -C null", "does not contain the nonce");
    // The key of another hierarchy: the command reaches the TPM with that hierarchy.
    proxy.on_response(|_, _| Fate::Pass);
    proxy.on_command(|command| {
        if raw::code(command) == raw::CREATE_PRIMARY && command[10..14] == raw::OWNER.to_be_bytes() {
            command[10..14].copy_from_slice(&raw::NULL.to_be_bytes());
        }
        Fate::Pass
    });
    desk.refuse("attest_tpm2_primary -n signer.name -C owner", "another hierarchy");
    proxy.on_command(|_| Fate::Pass);

    // The signing key of another TPM, loaded there and certified by it: every command goes to the other TPM.
    let other = Swtpm::start();
    let foreign = other.tcti();
    desk.refuse(
        &format!("attest_tpm2_primary -n signer.name -C null --tcti {foreign}"),
        "but signer.name contains",
    );
    desk.refuse(&format!("attest_tpm2_primary -A ek.pem --tcti {foreign}"), "belongs to another TPM");
    other.assert_empty();

    // The foreign TPM shows the right endorsement key without its private half, or decrypts something else.
    proxy.on_response(move |command, response| {
        if raw::code(command) == ACTIVATE_CREDENTIAL {
            // After the header, the size of the parameters, and the size of the secret.
            response[16..48].fill(0x5a);
        }
        Fate::Pass
    });
    desk.refuse("attest_tpm2_primary -A ek.pem", "another secret");
    proxy.on_response(tamper::flip_bit(ACTIVATE_CREDENTIAL, 0, 15 * 8));
    desk.run("attest_tpm2_primary -A ek.pem").failed();
    desk.assert_tidy();
}

/// An interposer with a second TPM answers for the TPM when the signing key is derived.
#[test]
fn the_signing_key_of_an_interposer_is_refused() {
    let (tpm, his) = (Swtpm::start(), Arc::new(Swtpm::start()));
    let proxy = Proxy::start(&tpm);
    let desk = Desk::by(tpm, &proxy.swtpm_tcti());
    desk.ec_certificate();
    desk.shell.write("signer.name", desk.run("attest_tpm2_primary -E -A ek.pem").ok().out());
    let honest = Name::from(hex::decode(desk.shell.text("signer.name").trim()).unwrap());
    // What the interposer's TPM answers to the same command, with the handle that the real TPM gave.
    let answer = |his: &Swtpm, command: &[u8], response: &mut Vec<u8>| {
        let (ours, theirs) = (response[10..14].to_vec(), his.transact(command));
        // The interposer's TPM has three object slots, too.
        his.flush(raw::u32_at(&theirs, 10));
        *response = theirs;
        response[10..14].copy_from_slice(&ours);
    };
    let is_endorsement = |command: &[u8]| {
        raw::code(command) == raw::CREATE_PRIMARY && command[10..14] == raw::ENDORSEMENT.to_be_bytes()
    };
    let second = Arc::clone(&his);
    proxy.on_response(move |command, response| {
        if is_endorsement(command) {
            answer(&second, command, response);
        }
        Fate::Pass
    });
    desk.refuse("attest_tpm2_primary -n signer.name -C null", "but signer.name contains");
    // The interposer's endorsement key is not the one in the certificate.
    desk.refuse("attest_tpm2_primary -A ek.pem", "belongs to another TPM");
    let shown = desk.run("attest_tpm2_primary -E").ok().says(UNVERIFIED).out();
    assert_ne!(shown.trim(), honest.to_string());

    // The interposer shows the right endorsement key, and its own signing key: the TPM opens no credential for that key.
    let second = Arc::clone(&his);
    proxy.on_response(move |command, response| {
        // The command is short for a template without a unique field and a policy.
        if is_endorsement(command) && command.len() < 80 {
            answer(&second, command, response);
        }
        Fate::Pass
    });
    desk.refuse("attest_tpm2_primary -A ek.pem", "they are not in the same TPM");
    his.assert_empty();
}

/// No command reaches the TPM any more: each gets its recorded response, or that of another command of its code if it was not recorded.
fn replay(proxy: &Proxy) {
    let seen = proxy.log().all();
    proxy.on_command(move |command| {
        let same = seen.iter().find(|exchange| exchange.command == *command);
        let like = || seen.iter().find(|exchange| exchange.code() == raw::code(command));
        same.or_else(like).map_or(Fate::HangUp, |exchange| Fate::Answer(exchange.response.clone()))
    });
}

/// The TPM executes each command of this code, and this response replaces its own.
fn replace(proxy: &Proxy, code: u32, answer: Vec<u8>) {
    proxy.on_response(move |command, _| match raw::code(command) == code {
        true => Fate::Answer(answer.clone()),
        false => Fate::Pass,
    });
}
