//! The asynchronous job in which a thread is (ASYNC_start_job(3ossl), ASYNC_WAIT_CTX_new(3ossl)).
//!
//! Shared promise of all calls here: the job is the current one of this thread, so it and its wait context exist until the thread has
//! left it for the last time. A `Desk` under our key in a wait context was given away by `attach`, and lives until `clean_up`.

use std::ffi::{c_int, c_void};
use std::ptr::{self, NonNull};
use std::sync::Arc;

use super::errno::Errno;
use super::guard::contain;
use super::libcrypto::{self, Libcrypto};
use super::sys::{ASYNC_JOB, ASYNC_WAIT_CTX};
use super::wake::{Callback, Wake};
use crate::error::{Error, Reason, Result};
use crate::jobs::Desk;

/// The current job of this thread.
#[derive(Clone, Copy)]
pub(crate) struct Job<'a> {
    functions: &'a libcrypto::Jobs,
    wait: NonNull<ASYNC_WAIT_CTX>,
}

/// Its address is the key of our descriptor in every wait context.
static KEY: u8 = 0;

/// The value of a wait context whose callback is called (ASYNC_STATUS_OK).
const CALLBACK_IS_CALLED: c_int = 2;

impl<'a> Job<'a> {
    /// Returns the current job, if the thread is in one and libcrypto has the functions.
    pub(crate) fn current(libcrypto: &'a Libcrypto) -> Option<Self> {
        let functions = libcrypto.jobs.as_ref().ok()?;
        // SAFETY: it takes nothing, and returns NULL or the current job.
        let job: NonNull<ASYNC_JOB> = NonNull::new(unsafe { (functions.ASYNC_get_current_job)() })?;
        // SAFETY: the current job.
        let wait = NonNull::new(unsafe { (functions.ASYNC_get_wait_ctx)(job.as_ptr()) })?;
        Some(Self { functions, wait })
    }

    /// Returns the desk of the wait context; makes it at the first use. Returns `None` if the system has no more descriptors, or if the
    /// desk is one of the parent process.
    pub(crate) fn desk(self) -> Option<Arc<Desk>> {
        let desk = match self.found() {
            Some(desk) => desk,
            None => self.attach()?,
        };
        // SAFETY: shared promise.
        unsafe { Arc::increment_strong_count(desk) };
        // SAFETY: a strong count that is ours.
        let desk = unsafe { Arc::from_raw(desk) };
        if !desk.is_of_this_process() {
            return None;
        }
        let callback = self.callback();
        desk.update(|wake| wake.callback = callback);
        Some(desk)
    }

    /// Lends the desk of the wait context.
    ///
    /// # Errors
    /// `Internal`: the program has removed our descriptor from the wait context.
    pub(crate) fn with_desk<T>(self, work: impl FnOnce(&Desk) -> T) -> Result<T> {
        let gone = || Error::new(Reason::Internal, "the wait context of the job has lost its descriptor");
        let desk = self.found().ok_or_else(gone)?;
        // SAFETY: shared promise.
        Ok(work(unsafe { &*desk }))
    }

    /// Leaves the job, until the program continues it. Returns at once if pauses are blocked.
    pub(crate) fn pause(self) {
        // SAFETY: the thread is in a job.
        unsafe { (self.functions.ASYNC_pause_job)() };
    }

    fn found(self) -> Option<*const Desk> {
        let (mut descriptor, mut desk) = (-1, ptr::null_mut());
        // SAFETY: shared promise; it writes both values.
        let found = unsafe {
            (self.functions.ASYNC_WAIT_CTX_get_fd)(self.wait.as_ptr(), key(), &mut descriptor, &mut desk)
        };
        (found == 1 && !desk.is_null()).then(|| desk.cast_const().cast())
    }

    /// Puts a new desk and its descriptor into the wait context, which owns them.
    fn attach(self) -> Option<*const Desk> {
        // `clean_up` may be called after the provider was unloaded: since `thread::start`, the module stays loaded.
        let wake = Wake::new().ok()?;
        let descriptor = wake.descriptor();
        let desk = Arc::into_raw(Arc::new(Desk::new(wake)));
        // SAFETY: shared promise.
        let kept = unsafe {
            (self.functions.ASYNC_WAIT_CTX_set_wait_fd)(
                self.wait.as_ptr(),
                key(),
                descriptor,
                desk.cast_mut().cast(),
                Some(clean_up),
            )
        };
        if kept == 1 {
            return Some(desk);
        }
        // SAFETY: libcrypto did not take it.
        drop(unsafe { Arc::from_raw(desk) });
        None
    }

    /// Returns the callback that the program has set instead of waiting for the descriptor, and reports to the program that we call it.
    fn callback(self) -> Option<Callback> {
        let (mut function, mut argument) = (None, ptr::null_mut());
        // SAFETY: shared promise; it writes both values.
        let set = unsafe {
            (self.functions.ASYNC_WAIT_CTX_get_callback)(self.wait.as_ptr(), &mut function, &mut argument)
        };
        let function = function.filter(|_| set == 1)?;
        // SAFETY: shared promise.
        unsafe { (self.functions.ASYNC_WAIT_CTX_set_status)(self.wait.as_ptr(), CALLBACK_IS_CALLED) };
        Some(Callback::new(function, argument))
    }
}

fn key() -> *const c_void {
    ptr::from_ref(&KEY).cast()
}

/// libcrypto frees the wait context.
unsafe extern "C" fn clean_up(_: *mut ASYNC_WAIT_CTX, _: *const c_void, _: c_int, desk: *mut c_void) {
    let _errno = Errno::save();
    contain(|| {
        // SAFETY: as given away by `attach`, and not used by libcrypto any more.
        let desk = unsafe { Arc::from_raw(desk.cast_const().cast::<Desk>()) };
        desk.close();
    });
}
