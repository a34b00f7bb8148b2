//! The TPM of a lane with its keys, and the processes that use it.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use keyfile::policy::{Condition, Secret};
use keyfile::{Attributes, Curve, Handle, HashAlg, KeyFile, Kind, NvPublic, Public};
use tests::raw::Tpm as _;
use tests::{Options, ResourceManager, Swtpm};
use tpm::template::Template;
use tpm::{Auth, Config, Error, Key, Manager, Parent, Tpm, Transport};

use super::wire::Bus;
use crate::kit::{self, OWNER};
use crate::policy_kit::{self, pcr};
use crate::{import, nv, policy_signed};

pub(super) const PASSWORD: &str = "secret";
pub(super) const SEALED: &[u8] = b"sealed data";
const SRK: u32 = 0x8100_0001;
const KEY: u32 = 0x8100_0101;

/// How a process reaches the TPM.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Way {
    /// It has the TPM for itself.
    Alone,
    /// Other processes use the same slots.
    Shared,
    /// Through the kernel's resource manager.
    Kernel,
}

/// A TPM with the keys and files of the campaign.
pub(super) struct Work {
    pub(super) swtpm: Arc<Swtpm>,
    manager: ResourceManager,
    files: Vec<(&'static str, KeyFile)>,
    persistent: Public,
    pub(super) nv: (NvPublic, Vec<u8>),
    /// The number of commands of an operation after another one, including the closing.
    pub(super) counts: RefCell<BTreeMap<(Way, &'static str, &'static str), usize>>,
}

/// One process: a connection, and keys that the TPM does not know yet.
pub(super) struct Process {
    pub(super) tpm: Tpm,
    pub(super) bus: Bus,
    keys: Vec<(&'static str, Key)>,
    pub(super) persistent: Key,
}

/// swtpm's plain framing, with a connection for each command, so that the test can inspect the TPM meanwhile.
struct Direct(Arc<Swtpm>);

impl Work {
    pub(super) fn new() -> Self {
        let swtpm = Swtpm::start();
        let made = swtpm.create_primary();
        swtpm.persist(made, SRK);
        swtpm.flush(made);
        kit::persist(&swtpm, PASSWORD.as_bytes(), Attributes::USER_WITH_AUTH | Attributes::NO_DA, KEY);
        let bytes = nv::index(&swtpm, nv::USUAL, b"", 700);
        let tpm = kit::direct(&swtpm);
        let (persistent, name) = tpm.read_public(Handle(KEY)).unwrap();
        let (nv, _) = tpm.nv_public(Handle(nv::INDEX)).unwrap();
        let files = files(&swtpm, &tpm, name);
        tpm.close();
        drop(tpm);
        swtpm.assert_empty();
        let manager = ResourceManager::start(&swtpm, Options::default());
        Self {
            swtpm: Arc::new(swtpm),
            manager,
            files,
            persistent,
            nv: (nv, bytes),
            counts: RefCell::default(),
        }
    }

    /// Returns a new process.
    pub(super) fn process(&self, way: Way) -> Process {
        let bus = Bus::default();
        let (swtpm, tcti) = (self.swtpm.clone(), self.manager.tcti());
        let (manager, opener) = match way {
            Way::Kernel => {
                (Manager::Kernel, bus.opener(false, move |deadline| tpm::open(Some(&tcti), deadline)))
            }
            _ => {
                let open = move |_| Ok::<Box<dyn Transport>, Error>(Box::new(Direct(swtpm.clone())));
                (Manager::None, bus.opener(way == Way::Shared, open))
            }
        };
        // What a process has learned of passwords is kept by the location of the TPM, and a new process knows nothing.
        static PROCESSES: AtomicU64 = AtomicU64::new(0);
        let location = format!("process {}", PROCESSES.fetch_add(1, Ordering::Relaxed));
        let tpm = Tpm::with_opener(Config { tcti: Some(location), manager, ..Config::default() }, opener);
        let open = |file: &KeyFile| kit::open(&tpm, file, (!file.empty_auth).then_some(PASSWORD));
        let keys = self.files.iter().map(|(name, file)| (*name, open(file))).collect();
        let password = Some(Auth::new(PASSWORD));
        let persistent =
            Key::persistent_unverified(&tpm, Handle(KEY), self.persistent.clone(), password).unwrap();
        Process { tpm, bus, keys, persistent }
    }

    /// Flushes everything in the TPM.
    pub(super) fn clear(&self) {
        self.swtpm.clear();
    }

    /// Returns what a process has left: objects and sessions.
    pub(super) fn left(&self, way: Way) -> (Vec<u32>, Vec<u32>) {
        if way == Way::Kernel {
            self.manager.wait_for_connections(0);
        }
        (self.swtpm.transient(), [self.swtpm.loaded_sessions(), self.swtpm.saved_sessions()].concat())
    }
}

impl Process {
    pub(super) fn key(&self, name: &str) -> &Key {
        &self.keys.iter().find(|(of, _)| *of == name).unwrap().1
    }
}

/// Returns one key of each kind that is loaded differently.
fn files(swtpm: &Swtpm, tpm: &Tpm, persistent: keyfile::Name) -> Vec<(&'static str, KeyFile)> {
    let hash = HashAlg::Sha256;
    let under_root = Parent { handle: Handle(SRK), ..OWNER };
    let signer = policy_signed::Signer::new(swtpm, tpm, hash);
    let authorize = Condition::Authorize(Box::new(signer.unsigned()));
    let mut signed = policy_kit::make(swtpm, hash, &[authorize, Condition::Locality(1)], None);
    signed.auth_policies = vec![signer.sign(hash, "pcr", &[pcr(tpm, hash, "16")])];
    let secret = Condition::Secret(Secret { hint: Handle(KEY), name: persistent, policy_ref: Vec::new() });
    let made = tpm.create(&OWNER, &kit::restricted(), None).unwrap();
    let restricted = as_file(Kind::Loadable, made);
    let made = tpm.seal(&OWNER, &Template::sealed().public(), None, SEALED).unwrap();
    let sealed = as_file(Kind::Sealed, made);
    vec![
        ("ec", kit::ec(swtpm, None)),
        ("password", kit::ec(swtpm, Some(PASSWORD))),
        ("rsa", kit::rsa(swtpm, None)),
        ("child", kit::make(swtpm, &under_root, Template::ecc(Curve::P256), None)),
        ("pcr", policy_kit::make(swtpm, hash, &[pcr(tpm, hash, "7"), Condition::AuthValue], Some(PASSWORD))),
        ("signed", signed),
        ("secret", policy_kit::make(swtpm, hash, &[secret], Some(PASSWORD))),
        ("imported", import::p256(tpm)),
        ("restricted", restricted),
        ("sealed", sealed),
    ]
}

fn as_file(kind: Kind, made: tpm::Created) -> KeyFile {
    let mut file = KeyFile::new(kind, OWNER.handle, made.public, made.private);
    file.empty_auth = true;
    file
}

impl Transport for Direct {
    fn transact(&mut self, command: &[u8], response: &mut Vec<u8>) -> Result<(), Error> {
        *response = self.0.transact(command);
        Ok(())
    }

    fn forget(self: Box<Self>) {}
}
