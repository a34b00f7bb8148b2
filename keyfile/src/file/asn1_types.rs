//! ASN.1 types that are read more liberally than DER, and the nested structures. The crate `asn1` reads and writes all structures.

// asn1::ParseError is large and its size is not ours to choose. It is boxed when it leaves this module.
#![allow(clippy::result_large_err)]

use crate::CommandCode;
use crate::policy::{AuthPolicy, Statement};
use asn1::{
    Asn1Read, Asn1Write, Explicit, ParseError, ParseErrorKind, ParseResult, SimpleAsn1Readable,
    SimpleAsn1Writable, Tag, WriteBuf, WriteResult,
};

/// A BOOLEAN that reads any non-zero byte as TRUE: tpm2-openssl writes 0x01.
pub(crate) struct Boolean(pub(crate) bool);

impl SimpleAsn1Readable<'_> for Boolean {
    const TAG: Tag = Tag::primitive(0x01);

    fn parse_data(data: &[u8]) -> ParseResult<Self> {
        match data {
            [byte] => Ok(Self(*byte != 0)),
            _ => Err(ParseError::new(ParseErrorKind::InvalidLength)),
        }
    }
}

impl SimpleAsn1Writable for Boolean {
    type Error = <bool as SimpleAsn1Writable>::Error;
    const TAG: Tag = Tag::primitive(0x01);

    fn write_data(&self, dest: &mut WriteBuf) -> WriteResult {
        self.0.write_data(dest)
    }

    fn data_length(&self) -> Option<usize> {
        self.0.data_length()
    }
}

/// An unsigned 32-bit INTEGER. The reader accepts it with or without the leading zero byte that DER requires when the top bit is set.
pub(super) struct Unsigned(pub(super) u32);

impl SimpleAsn1Readable<'_> for Unsigned {
    const TAG: Tag = Tag::primitive(0x02);

    fn parse_data(data: &[u8]) -> ParseResult<Self> {
        let invalid = || ParseError::new(ParseErrorKind::InvalidValue);
        let digits = match data {
            [] => return Err(invalid()),
            [0, digits @ ..] if digits.len() == 4 => digits,
            digits => digits,
        };
        if digits.len() > 4 {
            return Err(ParseError::new(ParseErrorKind::IntegerOverflow));
        }
        Ok(Self(digits.iter().fold(0, |value, digit| value << 8 | u32::from(*digit))))
    }
}

impl SimpleAsn1Writable for Unsigned {
    type Error = <u32 as SimpleAsn1Writable>::Error;
    const TAG: Tag = Tag::primitive(0x02);

    fn write_data(&self, dest: &mut WriteBuf) -> WriteResult {
        self.0.write_data(dest)
    }

    fn data_length(&self) -> Option<usize> {
        self.0.data_length()
    }
}

/// TPMPolicy.
#[derive(Asn1Read, Asn1Write)]
pub(super) struct TpmPolicy<'a> {
    command_code: Explicit<Unsigned, 0>,
    command_policy: Explicit<&'a [u8], 1>,
}

impl From<TpmPolicy<'_>> for Statement {
    fn from(policy: TpmPolicy<'_>) -> Self {
        Self {
            command: CommandCode(policy.command_code.as_inner().0),
            body: policy.command_policy.as_inner().to_vec(),
        }
    }
}

impl<'a> From<&'a Statement> for TpmPolicy<'a> {
    fn from(statement: &'a Statement) -> Self {
        Self {
            command_code: Explicit::new(Unsigned(statement.command.0)),
            command_policy: Explicit::new(&statement.body),
        }
    }
}

/// TPMAuthPolicy, for reading.
#[derive(Asn1Read)]
pub(super) struct TpmAuthPolicy<'a> {
    name: Option<Explicit<asn1::Utf8String<'a>, 0>>,
    policy: Explicit<asn1::SequenceOf<'a, TpmPolicy<'a>>, 1>,
}

impl From<TpmAuthPolicy<'_>> for AuthPolicy {
    fn from(signed: TpmAuthPolicy<'_>) -> Self {
        Self {
            name: signed.name.map(|name| name.as_inner().as_str().to_owned()),
            statements: signed.policy.into_inner().map(Statement::from).collect(),
        }
    }
}

/// TPMAuthPolicy, for writing.
#[derive(Asn1Write)]
pub(super) struct TpmAuthPolicyOut<'a> {
    name: Option<Explicit<asn1::Utf8String<'a>, 0>>,
    policy: Explicit<Sequence<'a>, 1>,
}

impl<'a> From<&'a AuthPolicy> for TpmAuthPolicyOut<'a> {
    fn from(signed: &'a AuthPolicy) -> Self {
        Self {
            name: signed.name.as_deref().map(asn1::Utf8String::new).map(Explicit::new),
            policy: Explicit::new(sequence(&signed.statements)),
        }
    }
}

/// SEQUENCE OF TPMPolicy, for writing.
pub(super) type Sequence<'a> = asn1::SequenceOfWriter<'a, TpmPolicy<'a>, Vec<TpmPolicy<'a>>>;

/// Returns the statements as a SEQUENCE, for writing.
pub(super) fn sequence(statements: &[Statement]) -> Sequence<'_> {
    asn1::SequenceOfWriter::new(statements.iter().map(TpmPolicy::from).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_of_other_tools_are_read() {
        let read = |hex: &str| asn1::parse_single::<Unsigned>(&hex::decode(hex).unwrap()).map(|u| u.0).ok();
        assert_eq!(read("02050081000001"), Some(0x8100_0001));
        assert_eq!(read("020481000001"), Some(0x8100_0001));
        assert_eq!(read("020100"), Some(0));
        assert_eq!(read("02020171"), Some(0x171));
        assert_eq!(read("0200"), None);
        assert_eq!(read("02050181000001"), None);
        assert_eq!(asn1::write_single(&Unsigned(0x8100_0001)), Ok(hex::decode("02050081000001").unwrap()));
    }

    #[test]
    fn booleans_of_other_tools_are_read() {
        let read = |bytes: &[u8]| asn1::parse_single::<Boolean>(bytes).map(|b| b.0).ok();
        assert_eq!(read(&[1, 1, 255]), Some(true));
        assert_eq!(read(&[1, 1, 1]), Some(true));
        assert_eq!(read(&[1, 1, 0]), Some(false));
        assert_eq!(read(&[1, 0]), None);
        assert_eq!(read(&[1, 2, 1, 1]), None);
        assert_eq!(asn1::write_single(&Boolean(true)), Ok(vec![1, 1, 255]));
    }
}
