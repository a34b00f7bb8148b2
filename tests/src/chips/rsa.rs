//! Restrictions of RSA in chips.
use super::Rules;
use crate::parameters::{Asked, Parameters};
use crate::raw::{self, ALG_NULL, RSA, RSA_DECRYPT, answer, code};
use crate::{layout, upstream};

/// TPM2_RSA_Encrypt.
const RSA_ENCRYPT: u32 = 0x174;

/// Returns the rules of a chip without the raw RSA operation: libtpms 0.10 with the profile attribute `no-unpadded-encryption`.
pub(super) fn no_raw(tpm: u16) -> Rules {
    Rules::default().command(move |command| {
        if ![RSA_DECRYPT, RSA_ENCRYPT].contains(&code(command)) {
            return None;
        }
        let mut parameters = Parameters::of(command);
        parameters.sized();
        let bare = parameters.u16() == ALG_NULL && scheme_of(tpm, layout::handles(command)[0]) == ALG_NULL;
        // libtpms does not name a parameter.
        bare.then(|| answer(raw::SCHEME))
    })
}

/// Returns the rules of a chip without RSA keys of this size.
pub(super) fn no_size(bits: u16) -> Rules {
    Rules::default().command(move |command| {
        let refused = Asked::by(command).is_some_and(|asked| asked.kind == RSA && asked.size == bits);
        refused.then(|| answer(raw::KEY_SIZE))
    })
}

/// Returns the scheme in the public area of a key.
fn scheme_of(tpm: u16, handle: u32) -> u16 {
    let read = raw::command(raw::READ_PUBLIC, &[handle], &[], &[]);
    let response = upstream::transact(tpm, &read).expect("the TPM of the chip");
    let public = response.get(10..).unwrap_or_default();
    Parameters::from(public).sized().public().scheme
}
