//! Questions about file descriptors.

use std::mem::MaybeUninit;

/// Sets FD_CLOEXEC; a descriptor that is closed meanwhile needs none.
pub(crate) fn close_on_exec(fd: i32) {
    // SAFETY: fcntl(2) with F_SETFD takes an int and no memory.
    unsafe { libc::fcntl(fd, libc::F_SETFD, libc::FD_CLOEXEC) };
}

/// The port at the other end of a TCP socket.
pub(crate) fn peer_port(fd: i32) -> Option<u16> {
    let mut address = MaybeUninit::<libc::sockaddr_storage>::zeroed();
    let mut size = libc::socklen_t::try_from(size_of::<libc::sockaddr_storage>()).ok()?;
    // SAFETY: getpeername(2) writes at most `size` octets of an address.
    let result = unsafe { libc::getpeername(fd, address.as_mut_ptr().cast(), &raw mut size) };
    if result != 0 {
        return None;
    }
    // SAFETY: all zeros is an address structure, and so is what getpeername wrote over it.
    let address = unsafe { address.assume_init() };
    match i32::from(address.ss_family) {
        libc::AF_INET | libc::AF_INET6 => {
            // SAFETY: sockaddr_in and sockaddr_in6 have the port in the same place, within sockaddr_storage (ip(7), ipv6(7)).
            let internet = unsafe { (&raw const address).cast::<libc::sockaddr_in>().read() };
            Some(u16::from_be(internet.sin_port))
        }
        _ => None,
    }
}
