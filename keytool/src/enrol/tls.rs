//! TLS for the HTTP client, by the OpenSSL that this tool uses. The client's own choices would bring in another TLS library, or a crate
//! that looks for certificates in folders that OpenSSL does not use.

use std::fmt;
use std::io::{self, Read, Write};
use std::path::Path;

use openssl::ssl::{HandshakeError, SslConnector, SslMethod, SslStream, SslVersion};
use openssl::x509::store::{X509Store, X509StoreBuilder};
use openssl::x509::{X509, X509VerifyResult};
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, Either, LazyBuffers, NextTimeout, Transport, TransportAdapter,
};

use crate::error::Error;
use crate::input;

/// Verifies servers and encrypts their connections.
pub(super) struct Tls(SslConnector);

impl Tls {
    /// Trusts the certificates of a file, or those of the system (SSL_CERT_FILE, SSL_CERT_DIR, or OpenSSL's folder).
    ///
    /// # Errors
    /// The file cannot be read, or contains no certificate.
    pub(super) fn new(trusted: Option<&Path>) -> Result<Self, Error> {
        let store = trusted.map(store).transpose()?;
        let built = SslConnector::builder(SslMethod::tls_client()).and_then(|mut builder| {
            builder.set_min_proto_version(Some(SslVersion::TLS1_2))?;
            if let Some(store) = store {
                builder.set_cert_store(store);
            }
            Ok(builder.build())
        });
        built.map(Self).map_err(|errors| {
            Error::request(
                format!("OpenSSL cannot prepare TLS: {errors}"),
                "check the setting software, which names the providers that this tool uses",
            )
        })
    }
}

const TRUSTED: &str = "give the certificates of the authorities that sign the server's certificate, in PEM";

/// Reads trusted certificates from a PEM file.
fn store(path: &Path) -> Result<X509Store, Error> {
    let refused = || Error::file(path, "it contains no certificates in PEM", TRUSTED);
    let certificates = X509::stack_from_pem(&input::read(path, TRUSTED)?).unwrap_or_default();
    if certificates.is_empty() {
        return Err(refused());
    }
    let built = X509StoreBuilder::new().and_then(|mut builder| {
        certificates.into_iter().try_for_each(|certificate| builder.add_cert(certificate))?;
        Ok(builder.build())
    });
    built.map_err(|_| refused())
}

impl<In: Transport> Connector<In> for Tls {
    type Out = Either<In, Encrypted>;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        chained: Option<In>,
    ) -> Result<Option<Self::Out>, ureq::Error> {
        let Some(plain) = chained else { return Ok(None) };
        if !details.needs_tls() || plain.is_tls() {
            return Ok(Some(Either::A(plain)));
        }
        // In a URI, an IPv6 address is in brackets.
        let host = details.uri.host().unwrap_or_default().trim_matches(['[', ']']);
        let mut adapter = TransportAdapter::new(plain.boxed(), details.current_time.clone());
        adapter.set_timeout(details.timeout);
        let stream = self.0.connect(host, adapter).map_err(|error| refused(host, error))?;
        let config = details.config;
        let buffers = LazyBuffers::new(config.input_buffer_size(), config.output_buffer_size());
        Ok(Some(Either::B(Encrypted { stream, buffers })))
    }
}

/// Explains a failed handshake: the reason why a certificate is refused is not in the error of OpenSSL.
fn refused(host: &str, error: HandshakeError<TransportAdapter>) -> ureq::Error {
    let text = match error {
        HandshakeError::SetupFailure(errors) => errors.to_string(),
        HandshakeError::Failure(stream) | HandshakeError::WouldBlock(stream) => {
            match stream.ssl().verify_result() {
                X509VerifyResult::OK => stream.error().to_string(),
                result => format!("the certificate of {host} is refused: {}", result.error_string()),
            }
        }
    };
    io::Error::other(text).into()
}

/// An encrypted connection.
pub(super) struct Encrypted {
    stream: SslStream<TransportAdapter>,
    buffers: LazyBuffers,
}

impl Transport for Encrypted {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), ureq::Error> {
        self.stream.get_mut().set_timeout(timeout);
        let output = self.buffers.output().get(..amount).unwrap_or_default();
        Ok(self.stream.write_all(output)?)
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, ureq::Error> {
        self.stream.get_mut().set_timeout(timeout);
        let amount = self.stream.read(self.buffers.input_append_buf())?;
        self.buffers.input_appended(amount);
        Ok(amount > 0)
    }

    fn is_open(&mut self) -> bool {
        self.stream.get_mut().get_mut().is_open()
    }

    fn is_tls(&self) -> bool {
        true
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tls")
    }
}

impl fmt::Debug for Encrypted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Encrypted")
    }
}
