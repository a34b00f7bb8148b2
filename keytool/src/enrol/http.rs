//! The HTTP client. HTTP proxies of the environment are used (`HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY`, `NO_PROXY`).

use std::path::Path;
use std::time::Duration;

use serde_json::Value;
use ureq::config::Config;
use ureq::unversioned::resolver::DefaultResolver;
use ureq::unversioned::transport::{ConnectProxyConnector, Connector, TcpConnector};
use ureq::{Agent, Body};

use super::tls::Tls;
use crate::error::Error;

/// The time for one exchange.
const LIMIT: Duration = Duration::from_secs(30);
/// Longer responses are refused.
const LONGEST: u64 = 1 << 20;
/// The media type of signed requests (RFC 8555 §6.2).
const SIGNED: &str = "application/jose+json";

/// Sends requests.
pub(super) struct Http(Agent);

/// A response.
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) nonce: Option<String>,
    pub(super) location: Option<String>,
    /// The seconds after which to ask again.
    pub(super) retry_after: Option<u64>,
    pub(super) body: Vec<u8>,
}

impl Reply {
    /// Returns the JSON document in the body; `null` if it is none.
    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

impl Http {
    /// Creates a client that trusts the certificates of a file, or those of the system.
    ///
    /// # Errors
    /// The file cannot be read, or contains no certificate.
    pub(super) fn new(trusted: Option<&Path>) -> Result<Self, Error> {
        let connectors = ().chain(ConnectProxyConnector::default()).chain(TcpConnector::default());
        let config = Config::builder()
            .http_status_as_error(false)
            .timeout_global(Some(LIMIT))
            .user_agent(concat!("tpm2-keytool/", env!("CARGO_PKG_VERSION")))
            .build();
        let agent =
            Agent::with_parts(config, connectors.chain(Tls::new(trusted)?), DefaultResolver::default());
        Ok(Self(agent))
    }

    /// Gets a resource.
    ///
    /// # Errors
    /// The server cannot be reached.
    pub(super) fn get(&self, url: &str) -> Result<Reply, Error> {
        reply(url, self.0.get(url).call())
    }

    /// Gets only the headers of a resource.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub(super) fn head(&self, url: &str) -> Result<Reply, Error> {
        reply(url, self.0.head(url).call())
    }

    /// Sends a signed request.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub(super) fn post(&self, url: &str, body: &Value) -> Result<Reply, Error> {
        reply(url, self.0.post(url).content_type(SIGNED).send(body.to_string()))
    }
}

fn reply(url: &str, response: Result<ureq::http::Response<Body>, ureq::Error>) -> Result<Reply, Error> {
    let failed = |error: ureq::Error| {
        Error::request(
            format!("no answer from {url}: {error}"),
            "check the URL, the network and --cacert: `curl -v URL` shows more",
        )
    };
    let mut response = response.map_err(failed)?;
    let text = |name: &str| response.headers().get(name)?.to_str().ok().map(str::to_owned);
    let (nonce, location, retry_after) = (text("replay-nonce"), text("location"), text("retry-after"));
    let body = response.body_mut().with_config().limit(LONGEST).read_to_vec().map_err(failed)?;
    Ok(Reply {
        status: response.status().as_u16(),
        nonce,
        location,
        retry_after: retry_after.and_then(|seconds| seconds.parse().ok()),
        body,
    })
}
