//! Places for results, and the size protocol of PKCS#11 §5.2: NULL asks for the size; for a small buffer, the error reports it, too.

use std::marker::PhantomData;

use cryptoki_sys::{CK_BYTE, CK_ULONG, CKR_BUFFER_TOO_SMALL};
use zeroize::Zeroizing;

use super::argument::bad;
use crate::error::{Error, Result};

/// The place for one value.
pub(crate) struct Slot<'a, T>(*mut T, PhantomData<&'a mut T>);

impl<T: Copy> Slot<'_, T> {
    /// # Safety
    /// `pointer` is NULL or valid for `'a`.
    pub(super) unsafe fn new(pointer: *mut T) -> Result<Self> {
        if pointer.is_null() {
            Err(bad("the place for the result is NULL"))
        } else {
            Ok(Self(pointer, PhantomData))
        }
    }

    /// Writes the value.
    pub(crate) fn put(self, value: T) {
        // SAFETY: not NULL, promised at the creation.
        unsafe { self.0.write_unaligned(value) }
    }
}

/// Places for several values.
pub(crate) struct Items<'a, T> {
    items: *mut T,
    room: usize,
    count: Slot<'a, CK_ULONG>,
}

impl<T: Copy> Items<'_, T> {
    /// # Safety
    /// `count` is NULL or valid, `items` is NULL or valid for that many values, for `'a`.
    pub(super) unsafe fn new(items: *mut T, count: *mut CK_ULONG) -> Result<Self> {
        // SAFETY: promised by the caller.
        let slot = unsafe { Slot::new(count) }?;
        let room = match items.is_null() {
            true => 0,
            // SAFETY: not NULL, as `Slot::new` has checked.
            false => unsafe { count.read_unaligned() },
        };
        Ok(Self { items, room: usize::try_from(room).unwrap_or(usize::MAX), count: slot })
    }

    /// # Safety
    /// As `new`, with room for `room` values.
    pub(super) unsafe fn at_most(items: *mut T, room: CK_ULONG, count: *mut CK_ULONG) -> Result<Self> {
        // SAFETY: promised by the caller.
        let count = unsafe { Slot::new(count) }?;
        Ok(Self { items, room: usize::try_from(room).unwrap_or(usize::MAX), count })
    }

    /// Returns the number of values that fit.
    pub(crate) fn room(&self) -> usize {
        self.room
    }

    /// Writes all values, or their number if the caller asks for it.
    ///
    /// # Errors
    /// CKR_BUFFER_TOO_SMALL
    pub(crate) fn put(self, values: &[T]) -> Result<()> {
        let number = CK_ULONG::try_from(values.len()).unwrap_or(CK_ULONG::MAX);
        let (items, room) = (self.items, self.room);
        self.count.put(number);
        if items.is_null() {
            return Ok(());
        }
        if room < values.len() {
            return Err(Error::new(
                CKR_BUFFER_TOO_SMALL,
                format!("{} places are needed, the list has {room}", values.len()),
            ));
        }
        for (at, value) in values.iter().enumerate() {
            // SAFETY: there is room for all values, promised at the creation.
            let place = unsafe { items.add(at) };
            // SAFETY: as above.
            unsafe { place.write_unaligned(*value) };
        }
        Ok(())
    }
}

/// A buffer for bytes.
pub(crate) struct Output<'a> {
    buffer: *mut CK_BYTE,
    room: usize,
    length: Slot<'a, CK_ULONG>,
    lifetime: PhantomData<&'a mut [u8]>,
}

impl Output<'_> {
    /// # Safety
    /// `length` is NULL or valid, `buffer` is NULL or valid for that many bytes, for `'a`.
    pub(super) unsafe fn new(buffer: *mut CK_BYTE, length: *mut CK_ULONG) -> Result<Self> {
        // SAFETY: promised by the caller.
        let Items { items, room, count } = unsafe { Items::new(buffer, length) }?;
        Ok(Self { buffer: items, room, length: count, lifetime: PhantomData })
    }

    /// Returns true if the caller only asks for the size.
    pub(crate) fn is_query(&self) -> bool {
        self.buffer.is_null()
    }

    /// Answers with the size of a result that is not computed yet, if the caller asks for it or has too little room. `None`: it is
    /// answered. Such a call does not end an operation.
    ///
    /// # Errors
    /// CKR_BUFFER_TOO_SMALL
    pub(crate) fn with_room(self, size: usize) -> Result<Option<Self>> {
        match self.room < size || self.is_query() {
            true => self.answer(size).map(|()| None),
            false => Ok(Some(self)),
        }
    }

    /// Writes the bytes, or their number if the caller asks for it.
    ///
    /// # Errors
    /// CKR_BUFFER_TOO_SMALL
    pub(crate) fn put(self, bytes: &[u8]) -> Result<()> {
        if self.is_query() || self.room < bytes.len() {
            return self.answer(bytes.len());
        }
        // SAFETY: there is room, promised at the creation. The caller's buffer overlaps no memory of this module.
        unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), self.buffer, bytes.len()) };
        self.length.put(CK_ULONG::try_from(bytes.len()).unwrap_or(CK_ULONG::MAX));
        Ok(())
    }

    fn answer(self, size: usize) -> Result<()> {
        let (is_query, room) = (self.is_query(), self.room);
        self.length.put(CK_ULONG::try_from(size).unwrap_or(CK_ULONG::MAX));
        if is_query {
            return Ok(());
        }
        Err(Error::new(CKR_BUFFER_TOO_SMALL, format!("{size} bytes are needed, the buffer has {room}")))
    }
}

/// A buffer that is filled completely.
pub(crate) struct Area<'a> {
    start: *mut CK_BYTE,
    length: usize,
    lifetime: PhantomData<&'a mut [u8]>,
}

impl Area<'_> {
    /// # Safety
    /// `start` is NULL or valid for `length` bytes, for `'a`.
    pub(super) unsafe fn new(start: *mut CK_BYTE, length: CK_ULONG) -> Result<Self> {
        match (start.is_null(), usize::try_from(length)) {
            (true, Ok(1..)) => Err(bad("the buffer is NULL but has a length")),
            (_, Ok(length)) => Ok(Self { start, length, lifetime: PhantomData }),
            (_, Err(_)) => Err(bad("a length is larger than the memory")),
        }
    }

    /// Fills the buffer in pieces. The caller has not initialized it, so each piece is written here first.
    ///
    /// # Errors
    /// Those of `fill`.
    pub(crate) fn fill(self, mut fill: impl FnMut(&mut [u8]) -> Result<()>) -> Result<()> {
        let mut piece = Zeroizing::new([0; 256]);
        let mut done = 0;
        while done < self.length {
            let size = piece.len().min(self.length.saturating_sub(done));
            let Some(part) = piece.get_mut(..size) else { break };
            fill(part)?;
            // SAFETY: below the length, promised at the creation.
            let place = unsafe { self.start.add(done) };
            // SAFETY: the piece fits into the rest.
            unsafe { std::ptr::copy_nonoverlapping(part.as_ptr(), place, size) };
            done = done.saturating_add(size);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::ptr;

    use super::*;

    fn code(result: Result<()>) -> Option<u64> {
        result.err().map(|error| error.code())
    }

    #[test]
    fn a_query_gets_the_size_and_a_small_buffer_an_error_with_the_size() {
        let mut length = 7;
        // SAFETY: the pointers are valid, here and below.
        let query = unsafe { Output::new(ptr::null_mut(), &raw mut length) }.unwrap();
        assert!(query.is_query());
        assert!(query.with_room(64).unwrap().is_none());
        assert_eq!(length, 64);

        let mut buffer = [0; 4];
        let mut length = 3;
        // SAFETY: as above.
        let small = unsafe { Output::new(buffer.as_mut_ptr(), &raw mut length) }.unwrap();
        assert_eq!(code(small.put(b"four")), Some(CKR_BUFFER_TOO_SMALL));
        assert_eq!((length, buffer), (4, [0; 4]), "nothing is written");
        // SAFETY: as above.
        let small = unsafe { Output::new(buffer.as_mut_ptr(), &raw mut length) }.unwrap();
        assert_eq!(small.with_room(5).err().map(|error| error.code()), Some(CKR_BUFFER_TOO_SMALL));
        assert_eq!(length, 5);

        length = 4;
        // SAFETY: as above.
        let enough = unsafe { Output::new(buffer.as_mut_ptr(), &raw mut length) }.unwrap();
        enough.with_room(4).unwrap().unwrap().put(b"two").unwrap();
        assert_eq!((length, buffer), (3, *b"two\0"));
        // SAFETY: NULL is an error.
        assert!(unsafe { Output::new(buffer.as_mut_ptr(), ptr::null_mut()) }.is_err());
    }

    #[test]
    fn a_list_is_written_whole_or_not_at_all() {
        let mut places = [0_u16; 3];
        let mut count = 2;
        // SAFETY: the pointers are valid, here and below.
        let list = unsafe { Items::new(places.as_mut_ptr(), &raw mut count) }.unwrap();
        assert_eq!(code(list.put(&[1, 2, 3])), Some(CKR_BUFFER_TOO_SMALL));
        assert_eq!((count, places), (3, [0; 3]));
        // SAFETY: as above.
        unsafe { Items::new(places.as_mut_ptr(), &raw mut count) }.unwrap().put(&[1, 2]).unwrap();
        assert_eq!((count, places), (2, [1, 2, 0]));
        // SAFETY: as above.
        let query = unsafe { Items::<u16>::new(ptr::null_mut(), &raw mut count) }.unwrap();
        query.put(&[1, 2, 3]).unwrap();
        assert_eq!(count, 3);
        // SAFETY: NULL is an error.
        assert!(unsafe { Slot::<u16>::new(ptr::null_mut()) }.is_err());
    }

    #[test]
    fn an_area_is_filled_to_its_end_only() {
        for length in [0_usize, 1, 256, 257, 1000] {
            let mut buffer = vec![7; length + 1];
            // SAFETY: the buffer is longer.
            let area = unsafe { Area::new(buffer.as_mut_ptr(), u64::try_from(length).unwrap()) }.unwrap();
            area.fill(|part| {
                part.fill(1);
                Ok(())
            })
            .unwrap();
            assert_eq!(buffer, [vec![1; length], vec![7]].concat());
        }
        // SAFETY: NULL without a length is allowed, with one an error.
        assert!(unsafe { Area::new(ptr::null_mut(), 0) }.is_ok());
        // SAFETY: as above.
        assert!(unsafe { Area::new(ptr::null_mut(), 1) }.is_err());
    }
}
