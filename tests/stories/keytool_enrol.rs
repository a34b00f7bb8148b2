//! Enrolment: `ak`, `ek`, `certify`, `request`, `challenge`, `activate` and `verify` prove that a key is in a TPM, exchange their files with
//! tpm2-tools and openssl, and refuse everything else.

use serde_json::Value;
use tests::Swtpm;

use crate::keytool::Desk;

/// Extensions of certificates of endorsement keys and attestation keys. OpenSSL removes the text before the first dot of a type.
const TPM_NAME: &str = "subjectAltName = critical, dirName:tpm\nbasicConstraints = critical, CA:FALSE\n";
const TPM: &str =
    "[tpm]\nx.2.23.133.2.1 = id:00001014\nx.2.23.133.2.2 = swtpm\nx.2.23.133.2.3 = id:20170101\n";
const NONCE: &str = "2f6b0011223344556677";
/// The TPM's own attestation key.
const AK: &str = "0x81010100";

impl Desk {
    /// Makes the authority maker.pem, and a certificate NAME.pem for the public key NAME.key.pub.
    #[track_caller]
    fn certificate_with(&self, name: &str, extensions: &str) {
        self.shell.write("ext", format!("{extensions}\n{TPM_NAME}{TPM}"));
        self.shell.ok(
            "sh -c 'test -e maker.pem || openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=maker -days 2 \
             -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign -keyout maker.key -out maker.pem'",
        );
        self.shell.ok(&format!(
            "openssl x509 -new -force_pubkey {name}.key.pub -subj / -days 2 -CA maker.pem -CAkey maker.key -extfile ext -out {name}.pem"
        ));
    }

    /// Makes the attestation key, its public area ak.pub and its certificate ak.pem. Returns its Name.
    #[track_caller]
    fn attestation_key(&self) -> String {
        let name = self.run(&format!("tpm2-keytool ak create {AK} --public ak.pub")).ok().out();
        self.others(&format!("tpm2_readpublic -Q -c {AK} -f pem -o ak.key.pub"));
        self.certificate_with("ak", "keyUsage = critical, digitalSignature\nextendedKeyUsage = 2.23.133.8.3");
        name.trim().to_owned()
    }

    /// Writes a P-256 EK certificate into NV, as a TPM maker does.
    #[track_caller]
    fn endorsement_certificate(&self) {
        self.others("tpm2_createek -Q -c ek.ctx -G ecc -u maker-ek.key.pub -f pem; tpm2_flushcontext -t");
        self.certificate_with(
            "maker-ek",
            "keyUsage = critical, keyAgreement\nextendedKeyUsage = 2.23.133.8.1",
        );
    }

    /// Certifies key.tpm in a format.
    #[track_caller]
    fn certify(&self, format: &str, options: &str) {
        self.run(&format!(
            "tpm2-keytool certify key.tpm --ak {AK} --nonce {NONCE} --format {format} {options} --force {format}.proof"
        ))
        .ok();
        self.assert_tidy();
    }

    /// Runs `verify`, which must refuse exactly these checks.
    #[track_caller]
    fn refused(&self, line: &str, checks: &[&str]) {
        let output = self.run(&format!("tpm2-keytool verify --json {line}"));
        assert_eq!(output.code(), Some(1), "{output}");
        let report: Value =
            serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output}"));
        let all = report["checks"].as_array().unwrap();
        let refused = all.iter().filter(|check| check["result"] == "refused");
        let refused: Vec<&str> = refused.map(|check| check["check"].as_str().unwrap()).collect();
        assert_eq!((refused.as_slice(), report["ok"].as_bool()), (checks, Some(false)), "{output}");
    }
}

#[test]
fn an_attestation_key_is_the_same_each_time_and_shown() {
    let desk = Desk::new();
    let name = desk.attestation_key();
    desk.others(&format!("tpm2_readpublic -Q -c {AK} -n name -o theirs.pub"));
    assert_eq!(hex::encode(desk.shell.read("name")), name);
    assert_eq!(desk.shell.read("theirs.pub"), desk.shell.read("ak.pub"));
    let shown = desk.run(&format!("tpm2-keytool ak show {AK}")).ok();
    shown.says(&name).says("restricted").says("BEGIN PUBLIC KEY");
    assert_eq!(desk.run("tpm2-keytool ak create 0x81010101").ok().out().trim(), name);
    desk.run("tpm2-keytool ak create 0x81010101").failed().says("the handle 0x81010101 is in use");
    desk.run("tpm2-keytool ak create --template ak-rsa -C owner 0x81010102").ok();
    // Without a handle, a reference file names the first free one.
    let made = desk.run("tpm2-keytool ak create ak.ref").ok();
    assert_eq!(
        (made.out().trim(), made.err().as_str()),
        (&*name, "tpm2-keytool: the attestation key is at 0x81010103\n")
    );
    desk.run("tpm2-keytool ak show ak.ref").ok().says(&name);
    desk.run("tpm2-keytool ak create ak.ref").failed().says("exists");
    desk.run("tpm2-keytool ak create 0x80000001").failed().says("such as 0x81010100");
    desk.run("tpm2-keytool create -e P-256 certified.tpm").ok();
    desk.run("tpm2-keytool certify certified.tpm --ak ak.ref --nonce 00 by-reference").ok();
    desk.run(&format!("tpm2-keytool verify by-reference --nonce 00 --ak-name {name}"))
        .ok()
        .says("proven: key-name");
    desk.run("tpm2-keytool create -e P-256 key.tpm").ok();
    desk.run("tpm2-keytool ak show key.tpm")
        .failed()
        .says("it is not an attestation key: restricted is not set");
    desk.assert_tidy();
}

#[test]
fn no_password_of_an_attestation_key_is_shown() {
    const SECRET: &str = "hunter2";
    let desk = Desk::new();
    let name = desk.attestation_key();
    desk.others(&format!("tpm2_readpublic -Q -c {AK} -t ak.object"));
    desk.run(&format!("tpm2-keytool reference handle:{AK}?pin-value={SECRET} secret.ref")).ok();
    let folder = desk.shell.folder().display().to_string();
    let with_password = [
        format!("{AK}?pin-value={SECRET}"),
        format!("handle:{AK}?pin-value={SECRET}"),
        format!("nvkey:81010100?pin-value={SECRET}"),
        format!("//nvkey:81010100?pin-value={SECRET}"),
        format!("tpm2:handle={AK}?pin-value={SECRET}"),
        format!("tpm2:handle={AK};pin-value={SECRET}"),
        format!("tpm2:file={folder}/secret.ref?pin-value={SECRET}"),
        format!("object:{folder}/ak.object?pin-value={SECRET}"),
        "secret.ref".to_owned(),
    ];
    for ak in with_password {
        for json in ["", "--json"] {
            let shown = desk.run(&format!("tpm2-keytool ak show {json} '{ak}'")).ok();
            assert!(![shown.out(), shown.err()].concat().contains(SECRET), "{shown}");
            shown.says(&name).says("attestation key ");
        }
    }
    // Nor is it shown if there is no such key.
    let missing = desk.run(&format!("tpm2-keytool ak show 'handle:0x81010109?pin-value={SECRET}'")).failed();
    assert!(!missing.err().contains(SECRET), "{missing}");
}

#[test]
fn what_cannot_be_written_is_refused_before_the_attestation_key_is_made() {
    let desk = Desk::new();
    desk.run(&format!("tpm2-keytool ak create {AK} --cert ak.pem"))
        .failed()
        .says("`ak create` writes no certificate");
    desk.run(&format!("tpm2-keytool ak create {AK} --public no-folder/ak.pub")).failed().says("cannot write");
    desk.assert_absent("ak.pem");
    // Neither has made a key.
    desk.run(&format!("tpm2-keytool ak create {AK}")).ok();
    desk.assert_tidy();
}

#[test]
fn a_reference_to_a_replaced_attestation_key_is_refused() {
    let desk = Desk::new();
    desk.run("tpm2-keytool ak create ak.ref").ok().says("the attestation key is at 0x81010100");
    desk.run(&format!("tpm2-keytool evict -y {AK}")).ok();
    desk.run("tpm2-keytool ak show ak.ref").failed().says("there is no key at 0x81010100");
    desk.run(&format!("tpm2-keytool ak create --template ak-rsa {AK}")).ok();
    desk.run("tpm2-keytool ak show ak.ref").failed().says("another key is at 0x81010100");
    desk.run(&format!("tpm2-keytool ak show {AK}")).ok().says("RSA");
}

#[test]
fn each_password_of_an_attestation_key_takes_a_line_of_their_source() {
    let desk = Desk::new();
    desk.others(
        "tpm2_changeauth -Q -c o owner; tpm2_changeauth -Q -c e endorsement
         tpm2_createprimary -Q -C e -P endorsement -g sha256 -G ecc256:ecdsa-sha256:null -p signer -c ak.ctx \
             -a 'fixedtpm|fixedparent|sensitivedataorigin|userwithauth|noda|sign|restricted'
         tpm2_evictcontrol -Q -C o -P owner -c ak.ctx 0x81010107; tpm2_flushcontext -t",
    );
    desk.shell.write("hierarchies", "owner\nendorsement\n");
    let line = format!("ak create {AK} --passowner file:hierarchies --passendorsement");
    desk.run(&format!("tpm2-keytool {line} file:hierarchies")).ok();
    desk.run("tpm2-keytool create -e P-256 -b owner -k secret key.tpm").ok();
    let certify = "tpm2-keytool certify key.tpm -b owner --ak 0x81010107 --nonce 00 --force proof";
    let missing = desk.run(&format!("{certify} -k secret")).failed();
    missing.says("password of the attestation key").says("give it with --passak");
    desk.shell.write("keys", "secret\nsigner\n");
    desk.run(&format!("{certify} --passin file:keys --passak file:keys")).ok();
    desk.assert_tidy();
}

#[test]
fn initial_attestation_keys_are_those_of_tpm2_tools() {
    const ATTRIBUTES: &str =
        "fixedtpm|fixedparent|sensitivedataorigin|userwithauth|adminwithpolicy|sign|restricted";
    let desk = Desk::new();
    const POLICY: &str = "5437182326e414fca797d5f174615a1641f61255797c3a2b22c21d120b2d1e07";
    desk.others(&format!(
        "/usr/bin/python3 -c 'import sys; sys.stdout.buffer.write(bytes.fromhex(\"{POLICY}\"))' >policy"
    ));
    // The unique field is IAK. The file is a TPMU_PUBLIC_ID in memory: a size, and for a point 128 bytes for each coordinate.
    desk.others(
        "printf '\\003\\000IAK' >rsa.unique
         coordinate() { printf '\\003\\000IAK'; head -c 125 /dev/zero; }
         (coordinate; coordinate) >ecc.unique",
    );
    for (at, template, theirs) in [
        ("0x81010103", "iak-rsa", "-G rsa2048:rsapss-sha256:null -u rsa.unique"),
        ("0x81010104", "iak-ecc", "-G ecc256:ecdsa-sha256:null -u ecc.unique"),
    ] {
        let name = desk.run(&format!("tpm2-keytool ak create --template {template} {at}")).ok().out();
        desk.others(&format!(
            "tpm2_createprimary -Q -C e -g sha256 {theirs} -a '{ATTRIBUTES}' -L policy -c theirs
             tpm2_readpublic -Q -c theirs -n theirs.name; tpm2_flushcontext -t"
        ));
        assert_eq!(name.trim(), hex::encode(desk.shell.read("theirs.name")), "{template}");
        desk.run("tpm2-keytool create --force -e P-256 key.tpm").ok();
        desk.run(&format!("tpm2-keytool certify key.tpm --ak {at} --nonce 00 --force iak")).ok();
        let name = name.trim();
        desk.run(&format!("tpm2-keytool verify iak --nonce 00 --ak-name {name}")).ok().says("proven: key");
    }
    desk.assert_tidy();
}

#[test]
fn the_attestation_keys_of_clouds_are_found_with_their_certificates() {
    let desk = Desk::new();
    let name = desk.attestation_key();
    // Google keeps the template in NV: here it is that of another key.
    desk.run("tpm2-keytool ak create --template google-ecc 0x81010101")
        .failed()
        .says("no template of an attestation key is in the NV index 0x01c10003");
    desk.others(
        "tail -c +3 ak.pub >template; tpm2_nvdefine -Q -C o -s $(stat -c %s template) -a 'ownerread|ownerwrite|authread' 0x1c10003
         tpm2_nvwrite -Q -C o -i template 0x1c10003",
    );
    let made = desk.run("tpm2-keytool ak create --template google-ecc 0x81010101").ok().out();
    assert_ne!(made.trim(), name, "its unique field is part of the template");
    desk.run(&format!("tpm2-keytool ak show {AK} --cert none.pem"))
        .failed()
        .says("no certificate of this attestation key is in the TPM");
    desk.assert_absent("none.pem");
    // A certificate of another key, and its own, in the index of Azure.
    desk.others(&format!(
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -out ca.pem -subj /CN=cloud -addext basicConstraints=critical,CA:TRUE
         tpm2_readpublic -Q -c {AK} -f pem -o ak.pem
         openssl x509 -new -force_pubkey ak.pem -subj /CN=ak -CA ca.pem -CAkey ca.key -days 9 -outform der -out ak.der
         openssl x509 -in ca.pem -outform der -out ca.der
         for at in 0x1c10000:ca.der 0x1c101d0:ak.der; do
             tpm2_nvdefine -Q -C o -s 1024 -a 'ownerread|ownerwrite|authread' ${{at%:*}}
             tpm2_nvwrite -Q -C o -i ${{at#*:}} ${{at%:*}}
         done"
    ));
    desk.run(&format!("tpm2-keytool ak show {AK} --cert found.pem"))
        .ok()
        .says("in the NV index 0x01c101d0, issued by CN=cloud");
    desk.others(
        "openssl x509 -in ak.der -inform der | cmp - found.pem; openssl verify -CAfile ca.pem found.pem",
    );
    desk.assert_tidy();
}

#[test]
fn a_certified_key_is_verified_and_every_change_is_refused() {
    let desk = Desk::new();
    let name = desk.attestation_key();
    desk.run("tpm2-keytool create -e P-256 -k secret -d key.tpm").ok();
    desk.certify("tpm2", "-k secret");
    let trust = format!("--ak-name {name} --nonce {NONCE}");
    let report = desk.run(&format!("tpm2-keytool verify tpm2.proof {trust}")).ok();
    report
        .says("proven: signature: the attestation key has signed the statement")
        .says("proven: key-attributes");
    desk.others(
        "tpm2_loadexternal -Q -C e -u tpm2.proof.ak -c ak.ctx; tpm2_readpublic -Q -c ak.ctx
         tpm2_verifysignature -Q -c ak.ctx -g sha256 -m tpm2.proof.attest -s tpm2.proof.sig; tpm2_print -t TPM2B_PUBLIC tpm2.proof.pub; tpm2_flushcontext -t",
    );
    desk.refused(&format!("tpm2.proof --ak-name {name} --nonce 2f6c"), &["extra-data"]);
    desk.refused(&format!("tpm2.proof --ak-name {}0 --nonce {NONCE}", &name[..name.len() - 1]), &["ak-key"]);
    let attest = desk.shell.read("tpm2.proof.attest");
    let mut changed = attest.clone();
    *changed.last_mut().unwrap() ^= 1;
    desk.shell.write("tpm2.proof.attest", changed);
    assert_eq!(desk.run(&format!("tpm2-keytool verify tpm2.proof {trust}")).code(), Some(1));
    desk.shell.write("tpm2.proof.attest", attest);
    // A key that may leave the TPM, and the wrong password.
    desk.run("tpm2-keytool certify key.tpm --ak 0x81010100 --nonce 00 -k wrong x")
        .failed()
        .says("password of the key is wrong");
    desk.shell.ok("openssl genpkey -algorithm EC -pkeyopt group:P-256 -out software.pem");
    desk.run("tpm2-keytool create --wrap software.pem wrapped.tpm").ok();
    desk.run(&format!("tpm2-keytool certify wrapped.tpm --ak {AK} --nonce {NONCE} wrapped")).ok();
    desk.refused(&format!("wrapped {trust}"), &["key-attributes"]);
    // Another key of the same TPM in place of the certified one.
    desk.shell.write("tpm2.proof.pub", desk.shell.read("wrapped.pub"));
    desk.refused(&format!("tpm2.proof {trust}"), &["key-name", "key-attributes"]);
    desk.assert_tidy();
}

#[test]
fn every_format_is_verified_with_the_certificate_of_the_attestation_key() {
    let desk = Desk::new();
    desk.attestation_key();
    desk.run("tpm2-keytool create -e P-256 key.tpm").ok();
    for (format, options) in [
        ("webauthn", "--rp-id example.com --ak-cert ak.pem"),
        ("acme", "--ak-cert ak.pem"),
        ("csr", "--ak-cert ak.pem"),
    ] {
        desk.shell.write("nonce", if format == "acme" { &b"token.thumbprint"[..] } else { &[0xfe; 32] });
        let line = format!("--format {format} {options} --nonce nonce");
        desk.run(&format!("tpm2-keytool certify key.tpm --ak {AK} {line} {format}.proof")).ok();
        let trust = format!("--format {format} --ak-roots maker.pem");
        let report = desk.run(&format!("tpm2-keytool verify {format}.proof {trust} --nonce nonce")).ok();
        report.says("proven: ak-chain").says("believed: ak-binding").says("proven: key-name");
        desk.refused(&format!("{format}.proof {trust} --nonce 00"), &["extra-data"]);
        desk.shell.ok("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=other -keyout other.key -out other.pem");
        desk.refused(
            &format!("{format}.proof --format {format} --ak-roots other.pem --nonce nonce"),
            &["ak-chain"],
        );
    }
    // A cloud puts the certificate into NV.
    desk.others(
        "openssl x509 -in ak.pem -outform DER -out ak.der
         tpm2_nvdefine -Q 0x1c101d0 -C o -s $(($(wc -c <ak.der) + 9)) -a 'ownerread|authread|ownerwrite|no_da'; tpm2_nvwrite -Q 0x1c101d0 -C o -i ak.der",
    );
    desk.run(&format!(
        "tpm2-keytool certify key.tpm --ak {AK} --format acme --nonce nonce --ak-cert 0x1c101d0 nv.proof"
    ))
    .failed()
    .says("not a key authorization");
    desk.shell.write("nonce", "token.thumbprint");
    desk.run(&format!(
        "tpm2-keytool certify key.tpm --ak {AK} --format acme --nonce nonce --ak-cert 0x1c101d0 nv.proof"
    ))
    .ok();
    desk.run("tpm2-keytool verify nv.proof --format acme --ak-roots maker.pem --nonce nonce")
        .ok()
        .says("proven: ak-chain");
    desk.run(&format!("tpm2-keytool certify key.tpm --ak {AK} --nonce 00 --ak-cert 0x1c101d1 x"))
        .failed()
        .says("no certificate can be read from the NV index");
    desk.run(&format!("tpm2-keytool certify key.tpm --ak {AK} --format acme --nonce nonce x"))
        .failed()
        .says("--ak-cert");
    desk.run("tpm2-keytool verify acme.proof --format csr --ak-roots maker.pem --nonce nonce")
        .failed()
        .says("cannot be read");
}

#[test]
fn a_challenge_is_answered_by_the_tpm_of_the_endorsement_certificate_only() {
    let desk = Desk::new();
    desk.attestation_key();
    desk.run("tpm2-keytool ek bare.pem").ok().says("no EK certificate is in the TPM");
    desk.endorsement_certificate();
    desk.shell.ok("openssl x509 -in maker-ek.pem -outform DER -out ek.der");
    desk.others(
        "tpm2_nvdefine -Q 0x1c0000a -C o -s $(($(wc -c <ek.der) + 20)) -a 'ownerread|authread|ownerwrite|no_da'; tpm2_nvwrite -Q 0x1c0000a -C o -i ek.der
         openssl x509 -in maker.pem -outform DER -out chain.der
         tpm2_nvdefine -Q 0x1c00100 -C o -s $(wc -c <chain.der) -a 'ownerread|authread|ownerwrite|no_da'; tpm2_nvwrite -Q 0x1c00100 -C o -i chain.der",
    );
    desk.run("tpm2-keytool ek ek.pem")
        .ok()
        .says("0x01c0000a  P-256 certificate, issued by CN=maker")
        .says("chain       CN=maker");
    assert_eq!(desk.shell.text("ek.pem"), desk.shell.text("maker-ek.pem") + &desk.shell.text("maker.pem"));
    assert_eq!(desk.shell.text("bare.pem"), desk.shell.text("maker-ek.key.pub"));
    // The file of the endorsement key may be a pipe.
    let line = "tpm2-keytool challenge --ek /dev/stdin --ak ak.pub credential challenge.json --force";
    for name in ["maker-ek.key.pub", "ek.pem"] {
        desk.pipe(line, desk.shell.read(name)).ok();
    }
    desk.run(&format!("tpm2-keytool activate --ak {AK} credential answer")).ok();
    desk.run("tpm2-keytool create -e P-256 key.tpm").ok();
    desk.certify("tpm2", "");
    let trust = format!("--nonce {NONCE} --challenge challenge.json --ek-cert ek.pem --ek-roots maker.pem");
    let report = desk.run(&format!("tpm2-keytool verify tpm2.proof {trust} --answer answer")).ok();
    report.says("proven: ek-chain").says("proven: ak-binding").says("proven: qualified-signer");
    desk.shell.write("wrong", [7; 32]);
    desk.refused(&format!("tpm2.proof {trust} --answer wrong"), &["ak-binding"]);
    desk.assert_tidy();
    // tpm2-tools open our credential, and we open theirs.
    desk.others(&format!(
        "tpm2_createek -Q -c ek.ctx -G ecc -u ek.area; tpm2_flushcontext -t
         tpm2_startauthsession -Q --policy-session -S session; tpm2_policysecret -Q -S session -c e
         tpm2_activatecredential -Q -c {AK} -C ek.ctx -i credential -o theirs -P session:session
         tpm2_flushcontext session; tpm2_flushcontext -t
         printf 0123456789abcdef >secret; tpm2_makecredential -Q -u ek.area -s secret -n $(tpm2_readpublic -c {AK} | sed -n 's/^name: //p') -o theirs.credential"
    ));
    assert_eq!(desk.shell.read("theirs"), desk.shell.read("answer"));
    desk.run(&format!("tpm2-keytool activate --ak {AK} --ek ek.pem theirs.credential opened")).ok();
    assert_eq!(desk.shell.read("opened"), b"0123456789abcdef");
    // Another TPM has another endorsement key.
    let other = Swtpm::start();
    let tcti = other.tcti();
    desk.run(&format!("tpm2-keytool --tcti {tcti} ak create {AK}")).ok();
    let refused = desk.run(&format!("tpm2-keytool --tcti {tcti} activate --ak {AK} credential x")).failed();
    refused.says("this TPM cannot open the credential");
    // Its proof is by another attestation key than the challenged one, and it cannot load a key of this TPM.
    desk.run(&format!("tpm2-keytool --tcti {tcti} create -e P-256 foreign.tpm")).ok();
    desk.run(&format!("tpm2-keytool --tcti {tcti} certify foreign.tpm --ak {AK} --nonce {NONCE} foreign"))
        .ok();
    desk.refused(&format!("foreign {trust} --answer answer"), &["ak-key"]);
    let line = format!("certify key.tpm --ak {AK} --nonce {NONCE} x");
    desk.run(&format!("tpm2-keytool --tcti {tcti} {line}")).failed().says("TPM_RC_INTEGRITY");
}

#[test]
fn a_request_contains_the_proof_for_its_key() {
    let desk = Desk::new();
    let name = desk.attestation_key();
    for (create, signature) in [("-e P-256", "ecdsa-with-SHA256"), ("-r", "sha256WithRSAEncryption")] {
        desk.run(&format!("tpm2-keytool create {create} -k secret -d --force key.tpm")).ok();
        let names = "--subject /O=Example/CN=host.example.com --san DNS:host.example.com --san IP:192.0.2.1";
        let keys = format!("key.tpm -k secret --ak {AK} --ak-cert ak.pem");
        desk.run(&format!("tpm2-keytool request {keys} --nonce {NONCE} {names} --force request.pem")).ok();
        let shown = desk.shell.ok("openssl req -in request.pem -noout -verify -text");
        for text in [signature, "CN = host.example.com", "DNS:host.example.com, IP Address:192.0.2.1"] {
            assert!(shown.out().replace("CN=", "CN = ").contains(text), "{text}: {shown}");
        }
        let report = "--format request --ak-roots maker.pem";
        let report = desk.run(&format!("tpm2-keytool verify request.pem {report} --nonce {NONCE}")).ok();
        report.says("proven: key-request").says("proven: request-signature");
        let recorded = format!("request.pem --format request --ak-name {name} --nonce {NONCE}");
        desk.run(&format!("tpm2-keytool verify {recorded} --ak ak.pub")).ok().says("proven: ak-key");
        desk.refused(&recorded, &["ak-key", "ak-algorithm", "signature", "qualified-signer"]);
        desk.assert_tidy();
    }
    desk.run(&format!("tpm2-keytool request key.tpm -k secret --ak {AK} --nonce 00 --subject CN=x y"))
        .failed()
        .says("/TYPE=VALUE");
}
