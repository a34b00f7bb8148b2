//! Startup, SelfTest and GetTestResult (TPM 2.0 Part 3 §9.3, §10.2, §10.4).

use keyfile::CommandCode;
use keyfile::wire::Reader;

use super::Run;
use super::frame::Command;
use crate::error::Error;
use crate::rc::ResponseCode;

/// Startup(CLEAR): starts the TPM. A machine's firmware sends it, a simulator needs it from its user.
pub(crate) fn startup(run: &mut dyn Run) -> Result<(), Error> {
    simple(run, CommandCode::STARTUP, &[0, 0])
}

/// SelfTest: tests everything, or what was not tested yet.
pub(crate) fn self_test(run: &mut dyn Run, full: bool) -> Result<(), Error> {
    simple(run, CommandCode::SELF_TEST, &[u8::from(full)])
}

/// GetTestResult: returns the manufacturer's data about the self-test, and its response code.
pub(crate) fn test_result(run: &mut dyn Run) -> Result<(Vec<u8>, ResponseCode), Error> {
    let code = CommandCode::GET_TEST_RESULT;
    let response = run.bare(&Command { code, handles: &[], parameters: &[], makes_handle: false })?;
    let mut r = Reader::new(response.parameters);
    let data = r.sized()?.to_vec();
    let result = ResponseCode(r.u32()?);
    r.finish()?;
    Ok((data, result))
}

fn simple(run: &mut dyn Run, code: CommandCode, parameters: &[u8]) -> Result<(), Error> {
    run.bare(&Command { code, handles: &[], parameters, makes_handle: false }).map(drop)
}
