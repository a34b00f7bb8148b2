//! What `create` lets out: files of their owner only, no secret in what it writes, and nothing half-written on a full disk.

use std::os::unix::fs::PermissionsExt;

use tests::{Shell, module};

use crate::keytool::Desk;

/// Every octet that the tool writes anywhere, as strace saw it.
fn written(shell: &Shell) -> Vec<u8> {
    let mut octets = Vec::new();
    for line in shell.text("trace").lines() {
        for part in line.split("\\x").skip(1) {
            octets.extend(part.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok()));
        }
    }
    octets
}

#[test]
fn no_write_holds_a_secret() {
    let desk = Desk::new();
    desk.others(
        "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out ec.pem
         openssl pkcs8 -topk8 -in ec.pem -passout pass:filesecretword -out secret.pem
         tpm2_createprimary -Q -C o -G ecc256:aes128cfb -c primary.ctx; tpm2_readpublic -Q -c primary.ctx -o area; tpm2_flushcontext -t
         tpm2_changeauth -c o ownersecretword
         printf 'filesecretword\\nkeysecretword\\nownersecretword\\n' >words",
    );
    let key = openssl::pkey::PKey::private_key_from_pem(&desk.shell.read("ec.pem")).unwrap();
    let scalar = key.ec_key().unwrap().private_key().to_vec();
    let base64 = openssl::base64::encode_block(&scalar);
    let sources = "--passin file:words --passout file:words";
    for options in [
        format!("-w secret.pem {sources} --passparent file:words"),
        format!("-w secret.pem {sources} -i area -p 81000001"),
        format!("-w secret.pem {sources} --passparent file:words -x 16"),
    ] {
        let strace = "strace -f -xx -s 65536 -e trace=write,writev,pwrite64,pwritev,sendto,sendmsg -o trace";
        desk.shell.ok(&format!("{strace} {} create {options} key.tpm", module::keytool().display()));
        let written = written(&desk.shell);
        let key = desk.shell.read("key.tpm");
        assert!(has(&written, &key), "the key file was not traced");
        for secret in [
            b"filesecretword".as_slice(),
            b"keysecretword",
            b"ownersecretword",
            &scalar,
            &scalar[4..28],
            base64.as_bytes(),
        ] {
            assert!(!has(&written, secret), "{options} wrote a secret: {}", String::from_utf8_lossy(secret));
        }
        let mode = std::fs::metadata(desk.shell.file("key.tpm")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    desk.assert_tidy();
}

fn has(octets: &[u8], part: &[u8]) -> bool {
    octets.windows(part.len()).any(|window| window == part)
}

#[test]
fn a_file_is_never_open_to_others_while_it_is_written() {
    let desk = Desk::new();
    desk.shell.ok(&format!(
        "strace -f -e trace=open,openat,creat,chmod,fchmod,fchmodat -o trace sh -c 'umask 0; {} create -e P-256 key.tpm'",
        module::keytool().display()
    ));
    let trace = desk.shell.text("trace");
    let made: Vec<&str> = trace.lines().filter(|line| line.contains("O_CREAT")).collect();
    assert!(!made.is_empty() && made.iter().all(|line| line.contains("0600")), "{trace}");
    let mode = std::fs::metadata(desk.shell.file("key.tpm")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn a_full_disk_leaves_what_was_there() {
    let desk = Desk::new();
    // One page, which the old file takes: no room for the new one's octets, or not even for its name.
    for inodes in [10, 2] {
        desk.shell.write(
            "full",
            format!(
                "mkdir -p disk; mount -t tmpfs -o size=4k,nr_inodes={inodes} tmpfs disk; echo 'the only copy' >disk/key.tpm
                 status=0; {} create -e P-256 disk/key.tpm 2>told || status=$?
                 cat disk/key.tpm; ls -A disk; exit $status",
                module::keytool().display()
            ),
        );
        let output = desk.shell.run("unshare --map-root-user --mount sh full").failed();
        assert_eq!(output.out(), "the only copy\nkey.tpm\n", "{output}");
        let told = desk.shell.text("told");
        assert!(told.contains("disk/key.tpm: No space left on device (os error 28)\n"), "{told}");
        assert_eq!(told.lines().count(), 2, "{told}");
        desk.assert_tidy();
    }
}
