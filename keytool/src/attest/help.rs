//! What stands below the options of `attest --help`.

/// What is proven, and what is not.
pub(crate) const PROOFS: &str = "\
What is proven, even if somebody sits on the bus between processor and TPM:
  -A CERT   The signing key is in the TPM that CERT was issued for. A random secret is encrypted here, in software, to the key in CERT and to the Name of \
the signing key; only a TPM that has both opens it. Who issued CERT is yours to check: `openssl verify -CAfile maker.pem -untrusted chain.pem CERT`.
  -n FILE   The signing key is the one whose Name was noted before, after -A, and it is in reach now: without -A, which proves that by itself, it signs a random nonce. It stays the same until \
the TPM's endorsement seed is changed.
  -C H      The primary storage key of H is in the TPM of the signing key, which signs that now: signature, nonce, Name and hierarchy are checked.
  NAMEFILE  That key is the one that somebody else saw. Linux 6.10 and later write the null hierarchy's at boot, by which the kernel protects its own use \
of the TPM: if /sys/class/tpm/tpm0/null_name is certified, nobody reset or replaced the TPM since.
Without -A and -n the signing key itself is the word of whoever is on the bus: this is said, and a NAMEFILE is refused.

Examples:
  tpm2-keytool attest -A ek.pem -E > signer.name                  once, on a machine that you trust to run this tool
  tpm2-keytool attest -n signer.name -C null /sys/class/tpm/tpm0/null_name   at each boot
  tpm2-keytool attest -A ek.pem -C owner -f srk.pem               a public key to encrypt to, certified
";
