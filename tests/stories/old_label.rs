//! Key files of the format before the standard (`TSS2 KEY BLOB`): openssl signs with them, `show` describes them, `load` loads them.

use keyfile::wire::{Marshal as _, Writer};
use keyfile::{KeyFile, Kind};
use tests::raw::Tpm as _;

use crate::machine::{Machine, SRK};

impl Machine {
    /// Rewrites a key file in the old format: openssl's own ASN.1 tool makes KEY.der and KEY.pem of it.
    #[track_caller]
    fn as_before_the_standard(&self, key: &str, fields: &str) {
        let file = KeyFile::parse(&self.openssl.read(key)).unwrap();
        let mut private = Writer::new();
        private.sized(&file.private);
        let private = hex::encode(private.finish().unwrap());
        let public = hex::encode(file.public.to_sized().unwrap());
        let mut fields = fields
            .replace("PUBLIC", &format!("pubkey=EXPLICIT:2,FORMAT:HEX,OCTETSTRING:{public}\n"))
            .replace(' ', "\n");
        // The statements of a policy, as in the current format: code and body.
        if let Some(statements) = &file.policy {
            let (mut list, mut each) = ("[policy]\n".to_owned(), String::new());
            for (i, statement) in statements.iter().enumerate() {
                let (code, body) = (statement.command.0, hex::encode(&statement.body));
                list += &format!("s{i}=SEQUENCE:s{i}\n");
                each += &format!("[s{i}]\ncode=EXPLICIT:0,INTEGER:{code:#x}\n");
                // The ASN.1 tool accepts no HEX without digits.
                let format = if body.is_empty() { "" } else { "FORMAT:HEX," };
                each += &format!("body=EXPLICIT:1,{format}OCTETSTRING:{body}\n");
            }
            fields += &format!("\npolicy=EXPLICIT:3,SEQUENCE:policy\nprivkey=KEY\n{list}{each}");
        } else {
            fields += "\nprivkey=KEY\n";
        }
        let fields = fields.replace("KEY", &format!("FORMAT:HEX,OCTETSTRING:{private}"));
        self.openssl.write("fields", format!("asn1=SEQUENCE:key\n[key]\ntype=OID:2.23.133.10.2\n{fields}"));
        self.openssl.without_tpm2().ok(&format!("asn1parse -genconf fields -noout -out {key}.der"));
        let block = openssl::base64::encode_block(&self.openssl.read(format!("{key}.der")));
        let lines: Vec<_> = block.as_bytes().chunks(64).map(String::from_utf8_lossy).collect();
        let pem =
            format!("-----BEGIN TSS2 KEY BLOB-----\n{}\n-----END TSS2 KEY BLOB-----\n", lines.join("\n"));
        self.openssl.write(format!("{key}.pem"), pem);
    }
}

#[test]
fn a_key_file_with_the_old_label_is_used() {
    let machine = Machine::new();
    machine.provision();
    for (i, (options, fields, password, parent)) in [
        ("-e P-256 --deprecated", "emptyAuth=EXPLICIT:0,BOOLEAN:true PUBLIC", "", "owner hierarchy"),
        (
            "-e P-384 -k secret --deprecated",
            "emptyAuth=EXPLICIT:0,BOOLEAN:false PUBLIC",
            "secret",
            "owner hierarchy",
        ),
        (
            "-r -p 81000001",
            "emptyAuth=EXPLICIT:0,BOOLEAN:true parent=EXPLICIT:1,INTEGER:0x81000001 PUBLIC",
            "",
            "0x81000001",
        ),
        (
            "-e P-256 -p 81000001 -k secret",
            "parent=EXPLICIT:1,INTEGER:0x81000001 PUBLIC",
            "secret",
            "0x81000001",
        ),
        ("-e P-256 -x 16 -k secret --deprecated", "PUBLIC", "secret", "owner hierarchy"),
    ]
    .into_iter()
    .enumerate()
    {
        machine.key("key", options);
        machine.as_before_the_standard("key", fields);
        for key in ["key.pem", "key.der"] {
            let file = KeyFile::parse(&machine.openssl.read(key)).unwrap();
            assert_eq!(file.kind, Kind::Loadable, "{fields}");
            machine.signs_with(key, password);
            let shown = machine.tool.ok(&format!("show {key}")).says(parent);
            assert_eq!(shown.out().contains("password      needed"), !password.is_empty(), "{shown}");
        }
        if !password.is_empty() {
            machine.refuses("key.pem", "-passin pass:wrong").says("password");
        }
        // openssl writes the key back with the current label if the current layout can express it.
        let passin = format!("-passin pass:{password}");
        machine.openssl.ok(&format!("pkey -in key.pem {passin} -out current"));
        let label = if parent.contains("hierarchy") { "TSS2 KEY BLOB" } else { "TSS2 PRIVATE KEY" };
        assert!(machine.openssl.text("current").starts_with(&format!("-----BEGIN {label}-----\n")));
        machine.signs_with("current", password);
        let (handle, key) = (SRK + 1 + u32::try_from(i).unwrap(), ["key.pem", "key.der"][i % 2]);
        let force = if options.contains("-x") { "-f" } else { "" };
        machine.tool.ok(&format!("load {force} {key} {handle:x}"));
        let public =
            machine.others(&format!("tpm2_readpublic -Q -c {handle:#x} -f pem -o kept.pub; cat kept.pub"));
        let expected = machine.openssl.ok(&format!("pkey -in key {passin} -pubout")).out();
        assert_eq!(public.out(), expected, "{options}");
    }
    // No TPM can load a key without its public half.
    machine.as_before_the_standard("key", "");
    machine.openssl.failed("pkey -in key.pem -noout").says("pubkey");
    machine.tool.failed("show key.pem").says("without pubkey").says("make the key file again");
    machine.tpm.assert_empty();
}

/// As openssl_tpm2_engine wrote them: under a primary of its own template, which tpm2-tools derive here.
#[test]
fn a_key_of_the_old_storage_key_is_used_and_made() {
    let machine = Machine::new();
    machine.others(
        "tpm2_createprimary -Q -C o -G ecc256:aes128cfb -a 'sensitivedataorigin|userwithauth|noda|restricted|decrypt' -c old.ctx; tpm2_flushcontext -t
         tpm2_create -Q -C old.ctx -G ecc256 -a 'sensitivedataorigin|userwithauth|noda|sign|decrypt' -u pub -r priv; tpm2_flushcontext -t",
    );
    let hex = |name: &str| hex::encode(machine.openssl.read(name));
    let bytes = |name: &str| format!("FORMAT:HEX,OCTETSTRING:{}", hex(name));
    machine.openssl.write(
        "fields",
        format!(
            "asn1=SEQUENCE:key\n[key]\ntype=OID:2.23.133.10.2\nemptyAuth=EXPLICIT:0,BOOLEAN:true\nparent=EXPLICIT:1,INTEGER:0x40000001\n\
             pubkey=EXPLICIT:2,{}\nprivkey={}\n",
            bytes("pub"),
            bytes("priv")
        ),
    );
    machine.openssl.without_tpm2().ok("asn1parse -genconf fields -noout -out theirs.der");
    machine.signs("theirs.der");
    machine
        .tool
        .ok("show theirs.der")
        .says("old P-256 (without fixedTPM and fixedParent)")
        .says("loads here    yes");
    // Ours has the same layout, byte for byte, and its parent is the same.
    let mut ours = KeyFile::parse(&machine.openssl.read("theirs.der")).unwrap();
    machine.key("made", "-e P-256 --deprecated");
    let made = KeyFile::parse(&machine.openssl.read("made")).unwrap();
    (ours.public, ours.private) = (made.public.clone(), made.private.clone());
    assert_eq!(ours.to_der().unwrap(), made.to_der().unwrap());
    assert!(machine.openssl.text("made").starts_with("-----BEGIN TSS2 KEY BLOB-----\n"));
    machine.signs("made");
    machine.openssl.write("made.pub", made.public.to_sized().unwrap());
    let mut private = Writer::new();
    private.sized(&made.private);
    machine.openssl.write("made.priv", private.finish().unwrap());
    machine.others("tpm2_load -Q -C old.ctx -u made.pub -r made.priv -c made.ctx; tpm2_flushcontext -t");
    for lacking in ["--description mine", "--signed-policy made.pub", "--import made.pub"] {
        machine.tool.failed(&format!("create --deprecated {lacking} no")).says("cannot be used with");
    }
    machine.tpm.assert_empty();
}
