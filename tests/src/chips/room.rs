//! Chips with small limits for sessions, objects and NV memory.
use super::Rules;
use crate::layout::{handles, returns_handle};
use crate::parameters::Parameters;
use crate::raw::{self, answer, code, u32_at};
use crate::upstream;

/// The first handles of loaded sessions and of loaded objects (Part 2 §7.2).
const SESSIONS: u32 = 0x0200_0000;
const OBJECTS: u32 = 0x8000_0000;

/// Returns the rules of a chip with at most this many loaded sessions.
pub(super) fn sessions(tpm: u16, most: u32) -> Rules {
    Rules::default().command(move |command| {
        let full = code(command) == raw::START_AUTH_SESSION && loaded(tpm, SESSIONS) >= most;
        full.then(|| answer(raw::SESSION_MEMORY))
    })
}

/// Returns the rules of a chip with at most this many object slots. A persistent object occupies one while a command uses it.
pub(super) fn objects(tpm: u16, most: u32) -> Rules {
    Rules::default().command(move |command| {
        let persistent = handles(command).into_iter().filter(|handle| handle >> 24 == 0x81).count();
        let made = u32::from(returns_handle(code(command)) && code(command) != raw::START_AUTH_SESSION);
        let needed = u32::try_from(persistent).expect("a few") + made;
        let full = needed > 0 && loaded(tpm, OBJECTS) + needed > most;
        full.then(|| answer(raw::OBJECT_MEMORY))
    })
}

/// Returns the rules of a chip with this many bytes of NV memory. A persistent object occupies a quarter of 2 KiB.
pub(super) fn nv(tpm: u16, most: u32) -> Rules {
    const OBJECT: u32 = 512;
    Rules::default().command(move |command| {
        let mut parameters = Parameters::of(command);
        let needed = match code(command) {
            raw::NV_DEFINE_SPACE => {
                parameters.sized();
                let mut public = parameters.sized();
                // TPMS_NV_PUBLIC: the index, its hash and attributes, a policy, the size.
                public.u32();
                public.u16();
                public.u32();
                public.sized();
                u32::from(public.u16())
            }
            raw::EVICT_CONTROL if handles(command)[1] >> 24 == 0x80 => OBJECT,
            _ => return None,
        };
        let taken = loaded(tpm, 0x8100_0000) * OBJECT;
        (taken + needed > most).then(|| answer(raw::NV_SPACE))
    })
}

/// Returns how many handles are in use from here on.
fn loaded(tpm: u16, first: u32) -> u32 {
    let parameters = [1, first, 254].map(u32::to_be_bytes).concat();
    let asked = raw::command(raw::GET_CAPABILITY, &[], &[], &parameters);
    u32_at(&upstream::transact(tpm, &asked).expect("the TPM of the chip"), 15)
}
