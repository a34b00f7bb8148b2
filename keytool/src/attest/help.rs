//! The text after the options in `attest --help`.

/// Explains what is proven and what is not.
pub(crate) const PROOFS: &str = "\
What is proven, even against an attacker on the bus between processor and TPM:
  -A CERT   The signing key is in the TPM for which CERT was issued. A random secret is encrypted in software for the key in CERT and the Name of the \
signing key; only a TPM that holds both can decrypt it. Check the issuer of CERT yourself: `openssl verify -CAfile maker.pem -untrusted chain.pem CERT`.
  -n FILE   The signing key is the one whose Name was recorded earlier after -A, and it is present now: without -A it signs a random nonce. The key stays \
the same until the TPM's endorsement seed is changed.
  -C H      The primary storage key of H is in the same TPM as the signing key, which certifies it: signature, nonce, Name and hierarchy are checked.
  NAMEFILE  The certified key is the one with the Name in this file. Linux 6.10 and later write the Name of the null hierarchy's key at boot, with which the \
kernel protects its own use of the TPM: if /sys/class/tpm/tpm0/null_name is certified, the TPM was not reset or replaced since.
Without -A and -n the signing key is not verified: a warning is printed, and a NAMEFILE is refused.

Examples:
  tpm2-keytool attest -A ek.pem -E > signer.name                  once, on a machine that you trust to run this tool
  tpm2-keytool attest -n signer.name -C null /sys/class/tpm/tpm0/null_name   at each boot
  tpm2-keytool attest -A ek.pem -C owner -f srk.pem               a public key to encrypt to, certified
";
