//! The examples of the manual pages. A story runs each of them, with the files that they name.

/// The name of a page, what the command does, and the command.
const ALL: &[(&str, &str, &str)] = &[
    ("tpm2-keytool", "Create a key, and a certificate for it:", "tpm2-keytool create --ecc P-256 server.tpm"),
    ("tpm2-keytool", "", "openssl req -x509 -key server.tpm -subj /CN=localhost -out server.crt"),
    ("tpm2-keytool", "Check that a service can use them:", "tpm2-keytool check server.tpm server.crt"),
    ("tpm2-keytool-create", "Create an EC key:", "tpm2-keytool create --ecc P-256 new.tpm"),
    (
        "tpm2-keytool-create",
        "Wrap an existing private key:",
        "tpm2-keytool create --wrap software.pem wrapped.tpm",
    ),
    (
        "tpm2-keytool-create",
        "Create an RSA key that works only while the PCRs are as they are now:",
        "tpm2-keytool create --key-size 2048 -x sha256:0-7 bound.tpm",
    ),
    ("tpm2-keytool-load", "Make a key persistent at a handle:", "tpm2-keytool load key.tpm 81000101"),
    (
        "tpm2-keytool-attest",
        "Print the Name of the null hierarchy's storage key, without proof:",
        "tpm2-keytool attest -C null --outname",
    ),
    (
        "tpm2-keytool-ak",
        "Create an attestation key, and write its public area:",
        "tpm2-keytool ak create 0x81010200 --public new.pub",
    ),
    ("tpm2-keytool-ak", "Show an attestation key:", "tpm2-keytool ak show 0x81010100"),
    (
        "tpm2-keytool-ek",
        "Write the EK certificate and its chain, or the public key:",
        "tpm2-keytool ek new.pem",
    ),
    (
        "tpm2-keytool-certify",
        "Prove that a key is in the TPM of an attestation key:",
        "tpm2-keytool certify key.tpm --ak 0x81010100 --nonce 2f6b proof",
    ),
    (
        "tpm2-keytool-request",
        "Write a certificate request with this proof:",
        "tpm2-keytool request key.tpm --ak 0x81010100 --nonce 2f6b --subject /CN=host.example.com request.pem",
    ),
    (
        "tpm2-keytool-challenge",
        "Make a challenge for the TPM of an endorsement key:",
        "tpm2-keytool challenge --ek ek.pub --ak ak.pub credential challenge.json",
    ),
    (
        "tpm2-keytool-activate",
        "Answer a challenge:",
        "tpm2-keytool activate --ak 0x81010100 made.credential answer",
    ),
    (
        "tpm2-keytool-verify",
        "Verify a proof by an attestation key whose Name was recorded:",
        "tpm2-keytool verify made --nonce 2f6b --ak-name ak.name",
    ),
    ("tpm2-keytool-seal", "Seal a secret to this TPM:", "echo secret | tpm2-keytool seal secret.tpm"),
    ("tpm2-keytool-unseal", "Print a sealed secret:", "tpm2-keytool unseal sealed.tpm"),
    (
        "tpm2-keytool-policy",
        "Allow the current value of PCR 7 for a key made with --signed-policy:",
        "tpm2-keytool policy add -x sha256:7 signed.tpm vendor.key",
    ),
    (
        "tpm2-keytool-reference",
        "Write a file that refers to a persistent key:",
        "tpm2-keytool reference handle:0x81000100 key.ref",
    ),
    ("tpm2-keytool-srk", "Make the standard storage key persistent:", "tpm2-keytool srk"),
    ("tpm2-keytool-list", "List the objects of the TPM as JSON:", "tpm2-keytool list --json"),
    (
        "tpm2-keytool-evict",
        "Remove a persistent key without confirmation:",
        "tpm2-keytool evict --force 81000100",
    ),
    (
        "tpm2-keytool-leaf",
        "Issue a certificate for eight hours, and a key for it, in the folder leaf/current:",
        "tpm2-keytool leaf --ca ca.tpm --ca-cert ca.pem --name www.example.com --hours 8 --out leaf",
    ),
    (
        "tpm2-keytool-enrol",
        "Get or renew a certificate for a key in the TPM, in the folder enrol/current:",
        "tpm2-keytool enrol --acme https://ca.example/directory --identifier device-17 --ak handle:0x81010100 --ak-cert ak.pem --out enrol key.tpm",
    ),
    ("tpm2-keytool-check", "Check a key as the current user:", "tpm2-keytool check key.tpm"),
    (
        "tpm2-keytool-token",
        "List the keys that a program sees through the PKCS#11 module:",
        "tpm2-keytool token --conf pkcs11.conf",
    ),
    ("tpm2-keytool-show", "Show what a key file contains:", "tpm2-keytool show key.tpm"),
    ("tpm2-keytool-status", "Show the state of the TPM:", "tpm2-keytool status"),
    ("tpm2-keytool-bench", "Measure each operation five times:", "tpm2-keytool bench --samples 5"),
    ("create_tpm2_key", "Create an EC key:", "create_tpm2_key --ecc prime256v1 new.tpm"),
    ("create_tpm2_key", "Wrap an existing private key:", "create_tpm2_key --wrap software.pem wrapped.tpm"),
    ("load_tpm2_key", "Make a key persistent at a handle:", "load_tpm2_key key.tpm 81000101"),
    ("seal_tpm2_data", "Seal a secret to this TPM:", "echo secret | seal_tpm2_data secret.tpm"),
    ("unseal_tpm2_data", "Print a sealed secret:", "unseal_tpm2_data sealed.tpm"),
    (
        "signed_tpm2_policy",
        "Allow the current value of PCR 7:",
        "signed_tpm2_policy add --pcr-lock sha256:7 signed.tpm vendor.key",
    ),
    (
        "attest_tpm2_primary",
        "Print the Name of the null hierarchy's storage key, without proof:",
        "attest_tpm2_primary --certify null --outname",
    ),
];

/// Returns the examples of a page: what each command does, and the command.
pub(super) fn of(page: &str) -> impl Iterator<Item = (&'static str, &'static str)> {
    ALL.iter().filter(move |(of, ..)| *of == page).map(|(_, what, command)| (*what, *command))
}
