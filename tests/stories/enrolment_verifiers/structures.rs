//! tpm2-pytss unmarshals every TPM structure that the tool writes.

use super::prover::{ECDSA, KEYS, Prover, RSAPSS, RSASSA, run};

const SCRIPT: &str = include_str!("structures.py");

#[test]
fn tpm2_pytss_unmarshals_every_structure() {
    let prover = Prover::new();
    prover.keys();
    let desk = &prover.desk;
    desk.shell.write("nonce", [7; 32]);
    desk.others("for kind in ecc rsa; do tpm2_createek -Q -c ek.ctx -G $kind -u $kind.pem -f pem; tpm2_flushcontext -t; done");
    let mut files = Vec::new();
    for ak in [ECDSA, RSASSA, RSAPSS] {
        prover.attestation_key(ak);
        prover.ok(&format!("ak show {} --public {}.shown", ak.handle, ak.name));
        files.push(format!("TPM2B_PUBLIC={}.shown", ak.name));
        for (key, _) in KEYS {
            let proof = format!("{}-{key}", ak.name);
            prover.certify(key, ak, "tpm2", &proof);
            let kinds = [
                ("TPMS_ATTEST", "attest"),
                ("TPMT_SIGNATURE", "sig"),
                ("TPM2B_PUBLIC", "pub"),
                ("TPM2B_PUBLIC", "ak"),
            ];
            files.extend(kinds.map(|(kind, file)| format!("{kind}={proof}.{file}")));
        }
        for ek in ["ecc", "rsa"] {
            let credential = format!("{}-{ek}.credential", ak.name);
            prover.ok(&format!(
                "challenge --ek {ek}.pem --ak {}.pub {credential} challenge-{credential}",
                ak.name
            ));
            files.push(format!("CREDENTIAL={credential}"));
        }
    }
    let output = run(&desk.shell, SCRIPT, &files.join(" ")).ok();
    // A credential contains two structures.
    assert_eq!(output.out().lines().count(), 3 * (1 + 2 * 4 + 2 * 2), "{output}");
}
