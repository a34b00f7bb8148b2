//! OSSL_PARAM arrays (OSSL_PARAM(3ossl)): one table gives the descriptor list, the reader and the type.
//!
//! A caller's array is [`Params`] for reading and [`ParamsMut`] for answers. An array of this provider is a
//! [`ParamList`]. The tables are [`settable!`] (parameters that a caller may set, read into a struct) and
//! [`gettable!`] (parameters that a caller may ask for, an enum whose `match` must answer every row of the
//! list).
//!
//! Safety of this folder: an array comes from libcrypto. By OSSL_PARAM(3ossl) it is NULL or a sequence of
//! elements that ends with a NULL key. `data` of an element is NULL or points to `data_size` bytes of the
//! stated type.

mod descriptor;
mod list;
mod read;
mod write;

pub(crate) use descriptor::{Descriptor, Descriptors, Kind, joined};
pub(crate) use list::ParamList;
pub(crate) use read::{FromParam, IntOrText, ParamError, Params, Password, Unsigned};
pub(crate) use write::ParamsMut;

/// A table of parameters that may be set: struct, reader and descriptor list in one.
///
/// Each field is an `Option` of its type, and `None` if the caller did not send it. Unknown parameters are
/// ignored, because libcrypto sends parameters of other versions too (4.0 sends `tls-version` to every
/// signature).
macro_rules! settable {
    ($(#[$meta:meta])* $vis:vis struct $name:ident { $($(#[$field_meta:meta])* $field:ident: $type:ty = $key:literal,)* }) => {
        $(#[$meta])*
        #[derive(Default)]
        $vis struct $name { $($(#[$field_meta])* pub(crate) $field: Option<$type>,)* }

        impl $name {
            /// Reads the rows of the table from a caller's array.
            ///
            /// # Errors
            /// A parameter of the table has the wrong type or does not fit.
            $vis fn read(params: $crate::ffi::params::Params<'_>) -> ::std::result::Result<Self, $crate::ffi::params::ParamError> {
                let mut read = Self::default();
                for param in params {
                    match param.name().to_bytes_with_nul() {
                        $(name if name == $key.to_bytes_with_nul() =>
                            read.$field = Some($crate::ffi::params::FromParam::read(param)?),)*
                        _ => {}
                    }
                }
                Ok(read)
            }

            /// The descriptor list that matches [`Self::read`].
            #[allow(dead_code, reason = "some tables are read with a longer list")]
            $vis fn descriptors() -> &'static $crate::ffi::params::Descriptors {
                static LIST: $crate::ffi::params::Descriptors = $crate::ffi::params::Descriptors::new(&[
                    $($crate::ffi::params::Descriptor::new($key, <$type as $crate::ffi::params::FromParam>::KIND),)*
                    $crate::ffi::params::Descriptor::END,
                ]);
                &LIST
            }
        }
    };
}
pub(crate) use settable;

/// A table of parameters that a caller may ask for: an enum with one variant per row, and the descriptor
/// list.
macro_rules! gettable {
    ($(#[$meta:meta])* $vis:vis enum $name:ident { $($(#[$row_meta:meta])* $row:ident: $kind:ident = $key:literal,)* }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        $vis enum $name { $($(#[$row_meta])* $row,)* }

        impl $name {
            /// Returns the row of this name.
            $vis fn named(name: &::std::ffi::CStr) -> Option<Self> {
                match name.to_bytes_with_nul() {
                    $(bytes if bytes == $key.to_bytes_with_nul() => Some(Self::$row),)*
                    _ => None,
                }
            }

            /// The descriptor list of all rows.
            $vis fn descriptors() -> &'static $crate::ffi::params::Descriptors {
                static LIST: $crate::ffi::params::Descriptors = $crate::ffi::params::Descriptors::new(&[
                    $($crate::ffi::params::Descriptor::new($key, $crate::ffi::params::Kind::$kind),)*
                    $crate::ffi::params::Descriptor::END,
                ]);
                &LIST
            }
        }
    };
}
pub(crate) use gettable;

#[cfg(test)]
mod tests {
    use super::*;

    settable! {
        struct Sample {
            number: i32 = c"number",
            text: String = c"text",
            either: IntOrText = c"either",
            big: Unsigned = c"n",
        }
    }

    gettable! {
        enum Fact {
            Bits: Integer = c"bits",
            Modulus: Unsigned = c"n",
        }
    }

    #[test]
    fn a_table_reads_its_rows_and_ignores_the_rest() {
        let mut list = ParamList::new();
        list.int(c"number", -3);
        list.text(c"tls-version", "ignored");
        list.text(c"either", "digest");
        list.unsigned(c"n", &[0, 1, 2, 3]);
        let read = Sample::read(list.as_params()).unwrap();
        assert_eq!(read.number, Some(-3));
        assert_eq!(read.text, None);
        assert_eq!(read.either, Some(IntOrText::Text("digest".into())));
        assert_eq!(read.big.unwrap().as_bytes(), [1, 2, 3]);
    }

    #[test]
    fn a_wrong_type_is_refused_by_name() {
        let mut list = ParamList::new();
        list.int(c"text", 1);
        let error = Sample::read(list.as_params()).err().unwrap();
        assert!(error.to_string().contains("text"), "{error}");
    }

    #[test]
    fn descriptor_lists_end_with_a_null_key() {
        assert_eq!(Sample::descriptors().names(), [c"number", c"text", c"either", c"n"]);
        assert_eq!(Fact::descriptors().names(), [c"bits", c"n"]);
        assert_eq!(Fact::named(c"n"), Some(Fact::Modulus));
        assert_eq!(Fact::named(c"bits"), Some(Fact::Bits));
        assert_eq!(Fact::named(c"m"), None);
    }
}
