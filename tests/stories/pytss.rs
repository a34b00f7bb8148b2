//! Key files of tpm2-pytss (TSSPrivKey) work here, and ours work there.

use keyfile::KeyFile;
use tests::peers;
use tests::raw::Tpm as _;

use crate::machine::Machine;

/// The beginning of both scripts. Each further argument is a job, NAME,KIND,PARENT,PASSWORD: one process runs all, since Python starts
/// slowly.
const HEAD: &str = "\
import sys, hashlib, logging
logging.getLogger('tpm2_pytss').setLevel(logging.CRITICAL)
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from tpm2_pytss import *
from tpm2_pytss.tsskey import TSSPrivKey
ectx = ESAPI(sys.argv[1])

def jobs():
    for job in sys.argv[2:]:
        name, kind, parent, password = job.split(',')
        yield name, kind, int(parent, 16), password.encode() or None
        # The derived parent is still loaded.
        _, found = ectx.get_capability(TPM2_CAP.HANDLES, 0x80000000, 16)
        for n in range(found.data.handles.count):
            ectx.flush_context(ectx.tr_from_tpmpublic(found.data.handles.handle[n]))
";

/// Makes keys.
const MAKE: &str = "
for name, kind, parent, password in jobs():
    create = TSSPrivKey.create_rsa if kind == 'rsa' else TSSPrivKey.create_ecc
    open(name, 'wb').write(create(ectx, parent=parent, password=password).to_pem())
";

/// Signs the file `message`.
const SIGN: &str = "
digest = hashlib.sha256(open('message', 'rb').read()).digest()
ticket = TPMT_TK_HASHCHECK(tag=TPM2_ST.HASHCHECK, hierarchy=TPM2_RH.OWNER)
for name, kind, parent, password in jobs():
    key = TSSPrivKey.from_pem(open(name, 'rb').read())
    assert key.parent == parent
    scheme = TPMT_SIG_SCHEME(scheme=TPM2_ALG.RSASSA if kind == 'rsa' else TPM2_ALG.ECDSA)
    scheme.details.any.hashAlg = TPM2_ALG.SHA256
    made = ectx.sign(key.load(ectx, password), digest, scheme, ticket).signature
    if kind == 'rsa':
        encoded = bytes(made.rsassa.sig)
    else:
        numbers = (made.ecdsa.signatureR, made.ecdsa.signatureS)
        encoded = encode_dss_signature(*[int.from_bytes(bytes(n), 'big') for n in numbers])
    open(name + '.sig', 'wb').write(encoded)
";

struct Job {
    name: String,
    kind: &'static str,
    parent: &'static str,
    password: &'static str,
}

/// Longer than a digest, so its hash is the authorization value.
const LONG: &str = "0123456789012345678901234567890123456789";

/// Both types of key under the owner's storage key and under a persistent one, without and with passwords.
fn jobs() -> Vec<Job> {
    let all = [
        ("ecc", "40000001", ""),
        ("ecc", "40000001", "secret"),
        ("ecc", "81000001", LONG),
        ("rsa", "40000001", LONG),
        ("rsa", "81000001", ""),
    ];
    let job = |(n, (kind, parent, password))| Job { name: format!("{n}.tpm"), kind, parent, password };
    all.into_iter().enumerate().map(job).collect()
}

#[track_caller]
fn python(machine: &Machine, script: &str, jobs: &[Job]) {
    let shell = peers::tpm2_tools(machine.openssl.shell(), &machine.tpm.tcti());
    shell.write("script.py", format!("{HEAD}{script}"));
    let mut line = format!("/usr/bin/python3 script.py {}", machine.tpm.tcti());
    for Job { name, kind, parent, password } in jobs {
        line.push_str(&format!(" {name},{kind},{parent},{password}"));
    }
    shell.ok(&line);
    machine.tpm.clear();
}

#[test]
fn keys_of_tpm2_pytss_sign_here() {
    let machine = Machine::new();
    machine.provision();
    machine.openssl.write("message", b"what is signed");
    let jobs = jobs();
    python(&machine, MAKE, &jobs);
    for Job { name, password, .. } in jobs {
        let key = KeyFile::parse(&machine.openssl.shell().read(&name)).unwrap();
        assert_eq!(key.empty_auth, password.is_empty());
        machine
            .openssl
            .ok(&format!("dgst -sha256 -sign {name} -passin pass:{password} -out message.sig message"));
    }
}

#[test]
fn our_keys_sign_in_tpm2_pytss() {
    let machine = Machine::new();
    machine.provision();
    machine.openssl.write("message", b"what is signed");
    let jobs = jobs();
    for Job { name, kind, parent, password } in &jobs {
        let kind = if *kind == "rsa" { "-r" } else { "-e P-256" };
        let password = if password.is_empty() { String::new() } else { format!("-k {password}") };
        machine.key(name, &format!("{kind} -p {parent} {password}"));
    }
    python(&machine, SIGN, &jobs);
    for Job { name, password, .. } in jobs {
        machine.openssl.ok(&format!("pkey -in {name} -passin pass:{password} -pubout -out {name}.pub"));
        let verify = format!("dgst -sha256 -verify {name}.pub -signature {name}.sig message");
        machine.openssl.without_tpm2().ok(&verify).says("Verified OK");
    }
}
