//! What the key tool writes: files with mode 0600, no secret in any other output, and no partial file on a full disk.

use std::io::BufRead as _;
use std::os::unix::fs::{FileExt as _, PermissionsExt};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use tests::process::{LIMIT, Process};
use tests::raw::{self, Tpm as _};
use tests::{Fate, Proxy, Shell, module};

use crate::keytool::Desk;

/// Traces every Linux system call that writes bytes out of a process to the file `trace`.
const STRACE: &str = "strace -f -xx -s 65536 \
    -e trace=write,writev,pwrite64,pwritev,pwritev2,sendto,sendmsg,sendmmsg -o trace";
/// TPM2_EvictControl and TPM2_Certify (Part 2 §6.5.2), as they appear on the bus.
const EVICT_CONTROL: &[u8] = &[0, 0, 1, 0x20];
const CERTIFY: &[u8] = &[0, 0, 1, 0x48];

/// Returns every byte that the tool wrote anywhere, as strace saw it.
fn written(shell: &Shell) -> Vec<u8> {
    shell.text("trace").lines().flat_map(bytes).collect()
}

/// Returns the bytes that one system call writes.
fn bytes(call: &str) -> Vec<u8> {
    let digits = call.split("\\x").skip(1).filter_map(|part| part.get(..2));
    digits.filter_map(|digits| u8::from_str_radix(digits, 16).ok()).collect()
}

#[test]
fn no_write_contains_a_secret() {
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
        desk.shell.ok(&format!("{STRACE} {} create --force {options} key.tpm", module::keytool().display()));
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

#[test]
fn no_other_subcommand_writes_a_secret() {
    const DATA: &[u8] = b"a passphrase that its owner alone reads";
    const WORDS: [&[u8]; 6] = [
        b"signersecretword",
        b"parentsecretword",
        b"ownersecretword",
        b"endorsedsecretword",
        b"datasecretword",
        DATA,
    ];
    let desk = Desk::new();
    let parent = desk.tpm.create_primary_with(b"parentsecretword", raw::STORAGE);
    desk.tpm.persist(parent, 0x8100_0001);
    desk.tpm.flush(parent);
    desk.others(
        "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out ec.pem
         openssl genpkey -quiet -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out rsa.pem
         for k in ec rsa; do
             openssl pkey -in $k.pem -pubout -out $k.public
             openssl pkcs8 -topk8 -in $k.pem -passout pass:signersecretword -out $k.secret.pem
             echo signersecretword >word
         done
         tpm2_readpublic -Q -c 0x81000001 -o area
         printf 'parentsecretword\nownersecretword\n' >parent; echo datasecretword >data
         printf 'endorsedsecretword\nownersecretword\n' >endorsed; printf 'datasecretword\nparentsecretword\n' >both",
    );
    for signer in ["ec", "rsa"] {
        desk.run(&format!("tpm2-keytool create -e P-256 --signed-policy {signer}.public {signer}.tpm")).ok();
    }
    desk.run("tpm2-keytool create -e P-256 -p 81000001 -b parentsecretword key.tpm").ok();
    desk.others("tpm2_changeauth -c o ownersecretword; tpm2_changeauth -c e endorsedsecretword");

    let key = |name: &str| openssl::pkey::PKey::private_key_from_pem(&desk.shell.read(name)).unwrap();
    let (ec, rsa) = (key("ec.pem").ec_key().unwrap(), key("rsa.pem").rsa().unwrap());
    let scalar = ec.private_key().to_vec();
    let numbers = [scalar.clone(), rsa.d().to_vec(), rsa.p().unwrap().to_vec(), rsa.q().unwrap().to_vec()];
    let mut secrets: Vec<Vec<u8>> = WORDS.map(<[u8]>::to_vec).to_vec();
    secrets.extend(WORDS.map(|word| hex::encode(word).into_bytes()));
    secrets.extend([DATA, &scalar].map(|bytes| openssl::base64::encode_block(bytes).into_bytes()));
    // A part of a number is a secret as well.
    secrets.extend(numbers.iter().map(|number| number[4..28].to_vec()));

    let run = |line: &str, input: &[u8]| {
        desk.shell.pipe(&format!("{STRACE} {} {line}", module::keytool().display()), input).ok()
    };
    let kept = |line: &str, but: &[u8]| {
        let written = written(&desk.shell);
        for secret in secrets.iter().filter(|secret| *secret != but) {
            assert!(!has(&written, secret), "{line} wrote a secret: {}", String::from_utf8_lossy(secret));
        }
        desk.assert_tidy();
    };
    for (line, output) in [
        ("policy add -x 16 --passin file:word ec.tpm ec.secret.pem", "ec.tpm"),
        ("policy add -x 16 --passin file:word rsa.tpm rsa.secret.pem", "rsa.tpm"),
        ("seal -i area -p 81000001 --passout file:data sealed.tpm", "sealed.tpm"),
    ] {
        run(line, DATA);
        assert!(has(&written(&desk.shell), &desk.shell.read(output)), "{output} was not traced");
        kept(line, b"");
    }
    for (line, command) in [
        ("load --passparent file:parent --passowner file:parent key.tpm 81000002", EVICT_CONTROL),
        ("attest -o -C owner --passin file:endorsed --passparent file:endorsed", CERTIFY),
    ] {
        run(line, b"");
        assert!(has(&written(&desk.shell), command), "{line} was not traced");
        kept(line, b"");
    }
    // The data goes to stdout only.
    let line = "unseal --passin file:both --passparent file:both sealed.tpm";
    assert_eq!(run(line, b"").stdout, DATA);
    let trace = desk.shell.text("trace");
    assert_eq!(trace.lines().filter(|call| has(&bytes(call), DATA)).count(), 1, "{trace}");
    kept(line, DATA);
}

/// Returns the writable memory of a process.
fn memory(process: u32) -> Vec<u8> {
    let maps = std::fs::read_to_string(format!("/proc/{process}/maps")).unwrap();
    let file = std::fs::File::open(format!("/proc/{process}/mem")).unwrap();
    let mut bytes = Vec::new();
    for line in maps.lines().filter(|line| line.split(' ').nth(1).is_some_and(|mode| mode.starts_with("rw")))
    {
        let (start, end) = line.split(' ').next().unwrap().split_once('-').unwrap();
        let [start, end] = [start, end].map(|at| u64::from_str_radix(at, 16).unwrap());
        let mut region = vec![0; usize::try_from(end - start).unwrap()];
        if file.read_exact_at(&mut region, start).is_ok() {
            bytes.extend(region);
        }
    }
    bytes
}

/// Runs a line and returns the tool's memory at each command, before the TPM gets the command.
#[track_caller]
fn memories(desk: &Desk, proxy: &Proxy, line: &str, input: &[u8]) -> Vec<Vec<u8>> {
    let (came, comes) = mpsc::channel();
    let (go, goes) = mpsc::channel::<()>();
    proxy.on_command(move |_| {
        if came.send(()).is_ok() {
            let _ = goes.recv_timeout(LIMIT);
        }
        Fate::Pass
    });
    desk.shell.write("input", input);
    let mut tool = desk.command(line);
    tool.stdin(std::fs::File::open(desk.shell.file("input")).unwrap());
    tool.stdout(std::fs::File::create(desk.shell.file("output")).unwrap());
    let mut process = Process::spawn(tool);
    let mut memories = Vec::new();
    let mut last = Instant::now();
    while process.ended().is_none() {
        assert!(last.elapsed() < LIMIT, "it sent no command for {LIMIT:?} and did not end: {line}");
        if comes.recv_timeout(Duration::from_millis(5)).is_ok() {
            memories.push(memory(process.id()));
            go.send(()).unwrap();
            last = Instant::now();
        }
    }
    proxy.remove_rules();
    assert!(process.wait(LIMIT).success(), "{line}");
    desk.assert_tidy();
    memories
}

#[test]
fn secrets_are_wiped_from_memory_when_no_longer_needed() {
    const DATA: &[u8] = b"a passphrase that its owner alone reads";
    const SIGNERS: &[u8] = b"signersecretword";
    const DATAS: &[u8] = b"datasecretword";
    let (desk, proxy) = Desk::behind_proxy();
    desk.others(
        "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out ec.pem
         openssl pkey -in ec.pem -pubout -out ec.public
         openssl pkcs8 -topk8 -in ec.pem -passout pass:signersecretword -out secret.pem
         openssl pkey -in ec.pem -traditional -out sec1.pem; openssl pkey -in ec.pem -outform DER -out ec.der
         openssl req -x509 -key ec.pem -subj /CN=host -out host.pem; openssl pkcs12 -export -inkey ec.pem -in host.pem -passout pass:signersecretword -out ec.p12
         printf 'signersecretword\n' >word; printf 'datasecretword\n' >data",
    );
    desk.run("tpm2-keytool create -e P-256 --signed-policy ec.public key.tpm").ok();
    let ec = openssl::pkey::PKey::private_key_from_pem(&desk.shell.read("ec.pem")).unwrap().ec_key().unwrap();
    let scalar = ec.private_key().to_vec();
    // In libcrypto's order: the lowest byte first.
    let mut number = scalar.clone();
    number.reverse();
    let number = &number[4..28];
    let scalar = &scalar[4..28];
    // What the tool still holds at its first command (which shows that the search finds it), what is wiped by then, and what is wiped by
    // the last command.
    let [policy, create, seal, unseal] = [
        ("policy add -x 16 --passin file:word key.tpm secret.pem", number),
        ("create --force -w secret.pem --passin file:word wrapped.tpm", scalar),
        ("seal --passout file:data sealed.tpm", DATA),
        ("unseal --passin file:data sealed.tpm", DATAS),
    ];
    for ((line, held), early, late) in [
        (policy, vec![SIGNERS], vec![]),
        (create, vec![SIGNERS], vec![SIGNERS, scalar, number]),
        // Unencrypted, as libcrypto's decoders pass it to each other.
        (("create --force -w ec.pem wrapped.tpm", scalar), vec![], vec![scalar, number]),
        (("create --force -w sec1.pem wrapped.tpm", scalar), vec![], vec![scalar, number]),
        (("create --force -w ec.der wrapped.tpm", scalar), vec![], vec![scalar, number]),
        (
            ("create --force -w ec.p12 --passin file:word wrapped.tpm", scalar),
            vec![SIGNERS],
            vec![SIGNERS, scalar, number],
        ),
        (seal, vec![], vec![DATA, DATAS]),
        (unseal, vec![], vec![DATAS]),
    ] {
        let memories = memories(&desk, &proxy, &format!("tpm2-keytool {line}"), DATA);
        let (first, last) = (memories.first().unwrap(), memories.last().unwrap());
        assert!(has(first, held), "{line}: not found when it was needed");
        for (memory, gone) in [(first, early), (last, late)] {
            for secret in gone {
                assert!(!has(memory, secret), "{line} keeps {}", String::from_utf8_lossy(secret));
            }
        }
    }
}

/// Searches megabytes quickly even in a debug build, by the search of `BufRead`.
fn has(bytes: &[u8], part: &[u8]) -> bool {
    let (first, others) = part.split_first().unwrap();
    let mut rest = bytes;
    while rest.skip_until(*first).unwrap() > 0 {
        if rest.starts_with(others) {
            return true;
        }
    }
    false
}

#[test]
fn a_file_is_never_readable_for_others_while_it_is_written() {
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
fn a_full_disk_leaves_the_old_file() {
    let desk = Desk::new();
    // A file system of one page, which the old file fills: no room for the new file's bytes, or not even for its name.
    for inodes in [10, 2] {
        desk.shell.write(
            "full",
            format!(
                "mkdir -p disk; mount -t tmpfs -o size=4k,nr_inodes={inodes} tmpfs disk; echo 'the only copy' >disk/key.tpm
                 status=0; {} create --force -e P-256 disk/key.tpm 2>printed || status=$?
                 cat disk/key.tpm; ls -A disk; exit $status",
                module::keytool().display()
            ),
        );
        let output = desk.shell.run("unshare --map-root-user --mount sh full").failed();
        assert_eq!(output.out(), "the only copy\nkey.tpm\n", "{output}");
        let printed = desk.shell.text("printed");
        assert!(printed.contains("disk/key.tpm: No space left on device (os error 28)\n"), "{printed}");
        assert_eq!(printed.lines().count(), 2, "{printed}");
        desk.assert_tidy();
    }
}

#[test]
fn no_message_repeats_the_password_of_a_uri() {
    let desk = Desk::new();
    let uri = "handle:0x81000100?pin-value=hunter2";
    desk.run("tpm2-keytool create -e P-256 key.tpm").ok();
    let mut wrong = Vec::new();
    for (line, cause) in [
        (format!("leaf --ca {uri} --name localhost --out ."), "--ca does not name a file that could contain"),
        ("leaf --ca absent.pem --name localhost --out .".to_owned(), "give the certificate with --ca-cert"),
        (
            format!("leaf --ca key.tpm --ca-cert {uri} --name localhost --out ."),
            "cannot read handle:0x81000100?",
        ),
        (format!("leaf --ca key.tpm --ca-cert key.tpm --name {uri} --out ."), "where no URI is accepted"),
        (format!("check key.tpm {uri}"), "cannot read handle:0x81000100?"),
        (format!("check {uri}"), "openssl.cnf"),
        (format!("check un{uri}"), "unhandle:0x81000100?"),
        (format!("show un{uri}"), "cannot read unhandle:0x81000100?"),
        (format!("show {uri}"), "there is no key at 0x81000100"),
        (format!("reference {uri} key.ref"), "there is no key at 0x81000100"),
        (format!("reference un{uri} key.ref"), "the URI does not name a key"),
        (format!("load {uri} 81000100"), "cannot read handle:0x81000100?"),
        (format!("load key.tpm {uri}"), "where no URI is accepted"),
        (format!("evict {uri}"), "where no URI is accepted"),
        (format!("evict 81000100 {uri}"), "where no URI is accepted"),
        (format!("unseal {uri}"), "cannot read handle:0x81000100?"),
        (format!("policy add -x 16 {uri} key.pem"), "cannot read handle:0x81000100?"),
        (format!("policy ls {uri}"), "cannot read"),
        (format!("attest -o -n {uri}"), "cannot read handle:0x81000100?"),
        (format!("seal -p{uri} sealed.tpm"), "where no URI is accepted"),
        (format!("create -p {uri} new.tpm"), "where no URI is accepted"),
        (format!("create --persistent={uri} new.tpm"), "where no URI is accepted"),
        (format!("create -w {uri} new.tpm"), "cannot read handle:0x81000100?"),
        (format!("create -i {uri} new.tpm"), "cannot read handle:0x81000100?"),
        (format!("create absent/{uri}"), "cannot write absent/handle:0x81000100?"),
        (uri.to_owned(), "where no URI is accepted"),
    ] {
        let output = desk.run(&format!("tpm2-keytool {line}")).failed();
        let printed = output.out() + &output.err();
        if !printed.contains(cause) || printed.contains("hunter2") {
            wrong.push(format!("{line}: {printed}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    desk.assert_tidy();
}
