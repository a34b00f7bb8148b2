//! The sections of the configuration that make up a token: each names one key and its certificate.

mod source;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};
use tpm::Tpm;

use crate::contents::{Contents, Fault, certificates};
use crate::error::Error;
use crate::file::{self, Naming, Parsed};
use crate::key::TokenKey;
use crate::stamp::Stamp;
pub(crate) use source::Private;

/// The time after which the TPM is asked again for a key that it could not show. A program may ask for the contents a hundred times.
const PAUSE: Duration = Duration::from_secs(5);
/// The time after which a file that was read shortly after it was written is read again.
const INTERVAL: Duration = Duration::from_secs(1);

/// A section.
#[derive(Debug)]
pub(crate) struct Section {
    /// The name of the section, which is the label of a key without another one.
    pub(crate) name: String,
    pub(crate) private: Private,
    pub(crate) public: Option<PathBuf>,
    pub(crate) certificate: Option<PathBuf>,
    pub(crate) label: Option<String>,
    pub(crate) id: Option<Vec<u8>>,
    /// The prefix of URIs of persistent keys.
    pub(crate) prefix: Option<String>,
}

/// The sections of a token, and what is known of their files.
#[derive(Debug)]
pub(crate) struct Sections {
    sections: Vec<Section>,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    /// One per section.
    states: Vec<State>,
    contents: Option<Arc<Contents>>,
}

/// SHA-256 of each file that can be read.
type Digests = [Option<[u8; 32]>; 3];

/// The files of a section, as they were read.
#[derive(Debug, Default)]
struct State {
    stamps: Option<[Option<Stamp>; 3]>,
    /// The bytes of the files, and when they were read, if another change so shortly after the last may not show in the stamps.
    unsettled: Option<(Digests, Instant)>,
    key: Option<Arc<TokenKey>>,
    /// When the TPM was last asked in vain for the public area of a persistent key.
    asked: Option<Instant>,
    /// The files with certificates: that of the key, and the one of the section.
    parsed: Vec<(PathBuf, Parsed)>,
    faults: Vec<Fault>,
}

impl Sections {
    pub(crate) fn new(sections: Vec<Section>) -> Self {
        Self { sections, known: Mutex::default() }
    }

    /// Returns true if the key file of a section exists, or a key is at a handle.
    pub(crate) fn is_present(&self) -> bool {
        self.sections.iter().any(|section| section.private.path().is_none_or(|path| path.exists()))
    }

    /// Returns the contents. Files that cannot be read are faults.
    pub(crate) fn contents(&self, tpm: &Tpm) -> Arc<Contents> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let Known { states, contents } = &mut *known;
        states.resize_with(self.sections.len(), State::default);
        let mut changed = false;
        for (section, state) in self.sections.iter().zip(states.iter_mut()) {
            changed |= section.refresh(state, tpm);
        }
        if let Some(contents) = contents.as_ref().filter(|_| !changed) {
            return contents.clone();
        }
        let new = Arc::new(joined(states, contents.as_deref()));
        *contents = Some(new.clone());
        new
    }
}

impl Section {
    /// Reads the files of the section if one of them has changed. Returns true if so. A key at a handle whose public area could not be read is
    /// tried again after a pause.
    fn refresh(&self, state: &mut State, tpm: &Tpm) -> bool {
        let paths = [self.private.path(), self.public.as_deref(), self.certificate.as_deref()];
        let stamps =
            paths.map(|path| path.and_then(|path| path.metadata().ok()).map(|found| Stamp::of(&found)));
        let is_read = state.key.is_some() || self.private.path().is_some() || self.public.is_some();
        let is_asked = state.asked.is_some_and(|asked| asked.elapsed() < PAUSE);
        let is_settled = stamps.iter().flatten().all(Stamp::is_settled);
        if state.stamps == Some(stamps) && (is_read || is_asked) && !state.is_due(paths, is_settled) {
            return false;
        }
        let unsettled = (!is_settled).then(|| (digests(paths), Instant::now()));
        *state = State { stamps: Some(stamps), unsettled, ..State::default() };
        let mut fail = |path: Option<PathBuf>, error| state.faults.push(Fault::new(path, error));
        match self.key(tpm) {
            Ok((key, parsed)) => {
                state.key = Some(Arc::new(key));
                state.parsed.extend(parsed);
            }
            Err(error) => {
                fail(self.private.path().map(PathBuf::from), error);
                state.asked = Some(Instant::now());
            }
        }
        if let Some(path) = &self.certificate {
            match self.certificates(path, state.key.as_deref()) {
                Ok((parsed, fault)) => {
                    fault.into_iter().for_each(|error| fail(Some(path.clone()), error));
                    state.parsed.push((path.clone(), parsed));
                }
                Err(error) => fail(Some(path.clone()), error),
            }
        }
        true
    }

    /// Reads the certificates, and the reason why the first is not the one of the key.
    fn certificates(&self, path: &Path, key: Option<&TokenKey>) -> Result<(Parsed, Option<Error>), Error> {
        let parsed = file::read(path, Naming { label: &self.name, prefix: None })?;
        let Some(first) = parsed.certificates.first() else {
            let hint = "name a file with the certificate of the key, in PEM or DER";
            return Err(Error::file(path, "it contains no certificate", hint));
        };
        let is_foreign = key.is_some_and(|key| key.spki() != first.spki);
        let fault = is_foreign.then(|| {
            let problem = format!("the first certificate does not belong to the key of [{}]", self.name);
            Error::file(path, problem, "put the certificate of the key first, or name another file")
        });
        Ok((parsed, fault))
    }
}

impl State {
    /// Returns true if the files have changed although their stamps have not.
    fn is_due(&mut self, paths: [Option<&Path>; 3], is_settled: bool) -> bool {
        let Some((before, read)) = self.unsettled.as_mut().filter(|(_, read)| read.elapsed() >= INTERVAL)
        else {
            return false;
        };
        *read = Instant::now();
        let is_same = *before == digests(paths);
        if is_settled && is_same {
            self.unsettled = None;
        }
        !is_same
    }
}

fn digests(paths: [Option<&Path>; 3]) -> Digests {
    paths.map(|path| Some(Sha256::digest(&*file::bytes_of(path?).ok()?).into()))
}

fn joined(states: &[State], before: Option<&Contents>) -> Contents {
    let keys: Vec<_> = states.iter().filter_map(|state| state.key.clone()).collect();
    let files = states.iter().flat_map(|state| &state.parsed);
    let certificates = certificates(files.map(|(path, parsed)| (path.as_path(), parsed)), &keys, before);
    let own = states.iter().flat_map(|state| state.faults.iter().cloned());
    let others = states.iter().flat_map(|state| &state.parsed).flat_map(|(path, parsed)| {
        parsed.faults.iter().map(|error| Fault { path: Some(path.clone()), error: error.clone() })
    });
    let faults = own.chain(others).collect();
    Contents::new(keys, certificates, faults)
}

#[cfg(test)]
mod tests {
    use keyfile::uri::Password;

    use super::*;
    use crate::testing::{Files, key, no_tpm};

    #[test]
    fn a_file_that_was_just_written_is_read_again() {
        let files = Files::new();
        let path = files.write("key.tpm", key(1).to_file().unwrap());
        let section = Section {
            name: "key".into(),
            private: Private::File(path.clone(), Password::Unspecified),
            public: None,
            certificate: None,
            label: None,
            id: None,
            prefix: None,
        };
        let (tpm, mut state) = (no_tpm(), State::default());
        assert!(section.refresh(&mut state, &tpm));
        files.write("key.tpm", key(2).to_file().unwrap());
        // As if that was in the same tick, and a second ago.
        state.stamps = Some([Some(Stamp::of(&path.metadata().unwrap())), None, None]);
        let before = |state: &mut State| state.unsettled.as_mut().unwrap().1 -= INTERVAL;
        assert!(!section.refresh(&mut state, &tpm), "the file is read at each look");
        before(&mut state);
        assert!(section.refresh(&mut state, &tpm));
        assert_eq!(*state.key.as_ref().unwrap().public(), key(2).public);
        // The same bytes are the same key.
        std::thread::sleep(Duration::from_millis(200));
        before(&mut state);
        assert!(!section.refresh(&mut state, &tpm) && state.unsettled.is_none());
    }
}
