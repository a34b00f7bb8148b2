//! The longer texts of `create --help`: what decides of the parent.

/// Of -p.
pub(crate) const PARENT: &str = "\
The parent: a persistent handle in hexadecimal, or owner, null, endorsement, platform [default: parent in openssl.cnf, or owner; with -i owner]

A handle such as 81000001 is the fastest to use: many machines have their storage root key there (`tpm2-keytool status` says). With a hierarchy's name \
the TPM derives its standard P-256 storage key, the same each time, when the key is first used in a process; nothing need be stored in the TPM. If it \
has no P-256, its RSA-2048 key is derived, which can take most of a minute on a real chip.";

/// Of -i.
pub(crate) const IMPORT: &str = "\
Make an importable key for the parent with this public key: needs no TPM

PUBKEY is what the machine that is to use the key gives away: its parent's public area (tpm2_readpublic -c 0x81000001 -o PUBKEY), or the public key \
alone in PEM or DER; then the standard storage template is assumed. With -w the given private key is wrapped, without it a new one is made in software. \
-p says where that machine has the parent; with a hierarchy's name (the default is owner) PUBKEY must be of its standard P-256 or RSA-2048 storage key. \
The key is encrypted for PUBKEY and nothing else: get it by a way that you trust. -x, and --secret with a handle, read the TPM that is here.";

/// Below the options.
pub(crate) const PARENTS: &str = "\
What decides of the parent:
  owner        the default; the key lives until the TPM is cleared (firmware setup, tpm2_clear)
  81……         a key that somebody made persistent; the key lives as long as that does
  endorsement  survives a clear by the owner; its hierarchy often has a password (-b)
  platform     mostly closed to the operating system
  null         the key dies with the next reset of the machine

Examples:
  tpm2-keytool create server.tpm                          RSA-2048
  tpm2-keytool create -e P-256 server.tpm                 P-256
  tpm2-keytool create -e P-256 -a -d client.tpm           with a password that cannot be guessed by trying
  tpm2-keytool create -w server.pem server.tpm            an existing key
  tpm2-keytool create -x sha256:7 disk.tpm                only while Secure Boot stays as it is
  tpm2-keytool create -i srk.pub -p 81000001 far.tpm      for the machine with the storage key srk.pub
  openssl req -x509 -key server.tpm -subj /CN=me          use it";
