//! The curves of docs/handshakes.svg. The story of the picture uses this file, too.

use std::fmt;

/// A server's key and what its clients do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Curve {
    /// Nine of ten connections resume a session.
    Resumed,
    EcPersistent,
    EcFile,
    RsaPersistent,
    RsaFile,
}

impl Curve {
    pub(crate) const ALL: [Curve; 5] =
        [Curve::Resumed, Curve::EcPersistent, Curve::EcFile, Curve::RsaPersistent, Curve::RsaFile];
}

impl fmt::Display for Curve {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Curve::Resumed => "P-256, persistent, 9 of 10 resumed",
            Curve::EcPersistent => "P-256, persistent key",
            Curve::EcFile => "P-256, key file",
            Curve::RsaPersistent => "RSA-2048, persistent key",
            Curve::RsaFile => "RSA-2048, key file",
        })
    }
}
