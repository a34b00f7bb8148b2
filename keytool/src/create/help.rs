//! The longer texts of `create --help`: how to choose a parent.

/// The help of -p.
pub(crate) const PARENT: &str = "\
The parent: a persistent handle in hexadecimal, or owner, null, endorsement, platform [default: parent in openssl.cnf, or owner; with -i owner]

A handle such as 81000001 is the fastest: many machines have their storage root key there (`tpm2-keytool status` shows it). With the name of a \
hierarchy, the TPM derives the hierarchy's standard P-256 storage key when a process first uses the key. It is the same key each time, and nothing is \
stored in the TPM. A TPM without P-256 derives its RSA-2048 storage key, which can take most of a minute on a real chip.";

/// The help of -i.
pub(crate) const IMPORT: &str = "\
Make an importable key for the parent with this public key; no TPM is needed

PUBKEY comes from the machine that will use the key. It is the parent's public area (tpm2_readpublic -c 0x81000001 -o PUBKEY), or its public key in PEM \
or DER; then the standard storage template is assumed. With -w this private key is wrapped; without it a new key is made in software. -p is the parent's \
handle on that machine; with the name of a hierarchy (the default is owner) PUBKEY must be the hierarchy's standard P-256 or RSA-2048 storage key. \
The key is encrypted for PUBKEY only, so get PUBKEY over a channel that you trust. -x, and --secret with a handle, read the TPM of this machine.";

/// The text after the options.
pub(crate) const PARENTS: &str = "\
Choosing a parent:
  owner        the default; the key works until the TPM is cleared (firmware setup, tpm2_clear)
  81……         a persistent key; the new key works as long as its parent is there
  endorsement  survives a clear by the owner; the hierarchy often has a password (-b)
  platform     usually not available to the operating system
  null         the key does not survive the next reset of the machine

Examples:
  tpm2-keytool create server.tpm                          RSA-2048
  tpm2-keytool create -e P-256 server.tpm                 P-256
  tpm2-keytool create -e P-256 -a -d client.tpm           with a password, protected against guessing
  tpm2-keytool create -w server.pem server.tpm            an existing key
  tpm2-keytool create -x sha256:7 disk.tpm                usable only while the Secure Boot state is unchanged
  tpm2-keytool create -i srk.pub -p 81000001 far.tpm      for the machine with the storage key srk.pub
  openssl req -x509 -key server.tpm -subj /CN=me          use the key";
