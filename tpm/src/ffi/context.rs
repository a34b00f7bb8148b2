//! A TSS2_TCTI_CONTEXT: open, transmit, receive, finalize.

use std::ffi::CStr;
use std::ptr::{self, NonNull};

use super::{fork, signals::with_signals_blocked};

use tss_esapi_sys::{
    TSS2_TCTI_CONTEXT, TSS2_TCTI_CONTEXT_COMMON_V1, TSS2_TCTI_POLL_HANDLE, TSS2_TCTI_TIMEOUT_BLOCK,
    Tss2_TctiLdr_Finalize, Tss2_TctiLdr_Initialize, size_t,
};

/// TSS2_TCTI_RC_NOT_IMPLEMENTED, for a missing function in the table.
const NOT_IMPLEMENTED: u32 = 0x000a_0002;

/// TSS2_TCTI_RC_BAD_VALUE, for a size that the interface cannot express.
const BAD_VALUE: u32 = 0x000a_000b;

/// The timeout that never ends.
pub(crate) const BLOCK: i32 = TSS2_TCTI_TIMEOUT_BLOCK;

/// TPM2_MAX_RESPONSE_SIZE of the TCG's PC Client profile.
const LARGEST_RESPONSE: usize = 4096;

/// An open context; finalized when dropped.
pub(crate) struct Context(NonNull<TSS2_TCTI_CONTEXT_COMMON_V1>);

// SAFETY: any thread may use a context, but only one at a time; `&mut self` guarantees that.
unsafe impl Send for Context {}

impl Context {
    /// Loads the TCTI library and connects.
    pub(crate) fn open(string: &CStr) -> Result<Self, u32> {
        // The TCTI may start a program.
        fork::count_forks();
        let mut context: *mut TSS2_TCTI_CONTEXT = ptr::null_mut();
        // SAFETY: Tss2_TctiLdr_Initialize(3) reads a terminated string and writes one pointer.
        let code =
            with_signals_blocked(|| unsafe { Tss2_TctiLdr_Initialize(string.as_ptr(), &raw mut context) });
        match (code, NonNull::new(context.cast())) {
            (0, Some(context)) => Ok(Self(context)),
            (0, None) => Err(NOT_IMPLEMENTED),
            (code, _) => Err(code),
        }
    }

    /// Sends one complete command.
    pub(crate) fn transmit(&mut self, command: &[u8]) -> Result<(), u32> {
        let transmit = self.table().transmit.ok_or(NOT_IMPLEMENTED)?;
        let size = size_t::try_from(command.len()).map_err(|_| BAD_VALUE)?;
        // SAFETY: the context is open; the TCTI reads `size` bytes and keeps no pointer.
        let code = with_signals_blocked(|| unsafe { transmit(self.raw(), size, command.as_ptr()) });
        as_result(code)
    }

    /// Receives the answer; `timeout` is in milliseconds, or [`BLOCK`]. Many TCTIs ignore the timeout.
    pub(crate) fn receive(&mut self, response: &mut Vec<u8>, timeout: i32) -> Result<(), u32> {
        let receive = self.table().receive.ok_or(NOT_IMPLEMENTED)?;
        response.resize(LARGEST_RESPONSE, 0);
        let mut size = size_t::try_from(response.len()).map_err(|_| BAD_VALUE)?;
        let (context, bytes) = (self.raw(), response.as_mut_ptr());
        // SAFETY: the context is open; the TCTI writes at most `size` bytes and sets `size` to their number.
        let code = with_signals_blocked(|| unsafe { receive(context, &raw mut size, bytes, timeout) });
        as_result(code)?;
        response.truncate(usize::try_from(size).unwrap_or_default());
        Ok(())
    }

    /// Returns the descriptors that the TCTI polls, as far as it names them.
    pub(crate) fn descriptors(&self) -> Vec<i32> {
        let Some(poll_handles) = self.table().getPollHandles else { return Vec::new() };
        let mut handles = [TSS2_TCTI_POLL_HANDLE { fd: -1, events: 0, revents: 0 }; 8];
        let mut count = size_t::try_from(handles.len()).unwrap_or_default();
        // SAFETY: the context is open; the TCTI writes at most `count` handles and sets `count` to their number.
        let code = unsafe { poll_handles(self.raw(), handles.as_mut_ptr(), &raw mut count) };
        match code {
            0 => handles
                .iter()
                .take(usize::try_from(count).unwrap_or_default())
                .map(|handle| handle.fd)
                .filter(|&fd| fd >= 0)
                .collect(),
            _ => Vec::new(),
        }
    }

    fn table(&self) -> &TSS2_TCTI_CONTEXT_COMMON_V1 {
        // SAFETY: every context begins with this structure (TCTI API §3.4), valid until it is finalized in drop.
        unsafe { self.0.as_ref() }
    }

    fn raw(&self) -> *mut TSS2_TCTI_CONTEXT {
        self.0.as_ptr().cast()
    }
}

impl Drop for Context {
    fn drop(&mut self) {
        let mut context = self.raw();
        // SAFETY: Tss2_TctiLdr_Finalize(3) takes back what Tss2_TctiLdr_Initialize returned; this is its only owner.
        with_signals_blocked(|| unsafe { Tss2_TctiLdr_Finalize(&raw mut context) });
    }
}

fn as_result(code: u32) -> Result<(), u32> {
    match code {
        0 => Ok(()),
        code => Err(code),
    }
}
