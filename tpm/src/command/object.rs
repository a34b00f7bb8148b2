//! Create, Load, LoadExternal, ReadPublic, ActivateCredential, Unseal, ObjectChangeAuth (TPM 2.0 Part 3 §12).

use keyfile::wire::{Marshal, Reader, Unmarshal, Writer};
use keyfile::{CommandCode, Handle, Name, Public, Sensitive};
use zeroize::Zeroizing;

use super::frame::{Command, Entity, Response, same};
use super::hierarchy::creation;
use super::{By, Guarded, Protect, Run};
use crate::error::Error;
use crypto::credential::Credential;

/// A loaded object, with the Name that the TPM answered.
pub(crate) struct Loaded {
    pub(crate) handle: Handle,
    pub(crate) name: Name,
}

/// A new key: its public area, and its private area as the parent wrapped it.
pub(crate) struct Creation {
    pub(crate) public: Public,
    pub(crate) private: Vec<u8>,
}

/// Create: makes a new key, or seals data, under a parent.
pub(crate) fn create(
    run: &mut dyn Run,
    parent: &Guarded<'_>,
    template: &Public,
    auth: &[u8],
    data: &[u8],
    protect: Protect,
) -> Result<Creation, Error> {
    let parameters = creation(template, auth, data)?;
    let response = run.guarded(CommandCode::CREATE, parent, &parameters, protect.decrypted())?;
    let mut r = Reader::new(response);
    let private = r.sized()?.to_vec();
    let public = Public::from_bytes(r.sized()?)?;
    Ok(Creation { public, private })
}

/// Load: loads an object under its parent.
pub(crate) fn load(
    run: &mut dyn Run,
    parent: &Guarded<'_>,
    private: &[u8],
    public: &Public,
    protect: Protect,
) -> Result<Loaded, Error> {
    let mut w = Writer::new();
    w.sized(private);
    w.sized_with(|w| public.marshal(w));
    let parameters = w.finish()?;
    // The private area is already wrapped, so the session need not encrypt it.
    let response = run.guarded_making(CommandCode::LOAD, parent, &parameters, protect)?;
    let mut r = Reader::new(response.parameters);
    let name = Name::unmarshal(&mut r)?;
    r.finish()?;
    Ok(Loaded { handle: response.handle, name })
}

/// LoadExternal: loads a key from outside. A public key is loaded in the owner hierarchy, because a ticket of the null hierarchy
/// would be empty. A key with its private half is loaded in the null hierarchy, the only one that accepts it (Part 3 §12.3).
pub(crate) fn load_external(
    run: &mut dyn Run,
    public: &Public,
    sensitive: Option<&Sensitive>,
) -> Result<Handle, Error> {
    let mut w = Writer::new();
    match sensitive {
        Some(sensitive) => w.sized_with(|w| sensitive.marshal(w)),
        None => w.sized(&[]),
    }
    w.sized_with(|w| public.marshal(w));
    sensitive.map_or(Handle::OWNER, |_| Handle::NULL).marshal(&mut w);
    let parameters = w.finish()?;
    let command = Command {
        code: CommandCode::LOAD_EXTERNAL,
        handles: &[],
        parameters: &parameters,
        makes_handle: true,
    };
    Ok(run.bare(&command)?.handle)
}

/// ReadPublic: returns the public area and Name at a handle. The answer is not authenticated: use it only to compare the Name with a
/// known one.
pub(crate) fn read_public(run: &mut dyn Run, handle: Handle) -> Result<(Public, Name), Error> {
    public_of(handle, run.bare(&read(&[Entity::plain(handle)]))?)
}

/// Reads the same, authenticated if a session is open. The authenticated command is bound to the Name, which the first, plain command
/// returns.
pub(crate) fn read_public_audited(
    run: &mut dyn Run,
    handle: Handle,
    name: &Name,
) -> Result<(Public, Name), Error> {
    public_of(handle, run.audited(&read(&[Entity::named(handle, name)]))?)
}

fn read<'a>(handles: &'a [Entity<'a>]) -> Command<'a> {
    Command { code: CommandCode::READ_PUBLIC, handles, parameters: &[], makes_handle: false }
}

fn public_of(handle: Handle, response: Response<'_>) -> Result<(Public, Name), Error> {
    let mut r = Reader::new(response.parameters);
    let public = Public::from_bytes(r.sized()?)?;
    let name = Name::unmarshal(&mut r)?;
    r.sized()?;
    r.finish()?;
    same(&public.name()?, &name).map_err(|error| error.on(handle))?;
    Ok((public, name))
}

/// ActivateCredential: returns the secret in the credential if `object` has the Name that it was made for. `key`, which has no password,
/// is authorized by its policy.
pub(crate) fn activate_credential(
    run: &mut dyn Run,
    (object, key): (&Guarded<'_>, Entity<'_>),
    credential: &Credential,
) -> Result<Zeroizing<Vec<u8>>, Error> {
    let mut w = Writer::new();
    w.sized(&credential.blob);
    w.sized(&credential.secret);
    let parameters = w.finish()?;
    let command = Command {
        code: CommandCode::ACTIVATE_CREDENTIAL,
        handles: &[object.entity, key],
        parameters: &parameters,
        makes_handle: false,
    };
    let by = [By::AuthValue(object.auth), By::Policy(&[])];
    let response = run.with_two_objects(&command, by)?;
    let secret = Reader::new(response.parameters).sized().map(|secret| Zeroizing::new(secret.to_vec()));
    run.wipe();
    Ok(secret?)
}

/// Unseal: returns the sealed data.
pub(crate) fn unseal(
    run: &mut dyn Run,
    object: &Guarded<'_>,
    protect: Protect,
) -> Result<Zeroizing<Vec<u8>>, Error> {
    let response = run.guarded(CommandCode::UNSEAL, object, &[], protect.encrypted())?;
    let data = Reader::new(response).sized().map(|data| Zeroizing::new(data.to_vec()));
    run.wipe();
    Ok(data?)
}

/// ObjectChangeAuth: returns the private area with another authValue, as the parent wraps it. The loaded object keeps its authValue. The
/// parent needs no authorization.
pub(crate) fn object_change_auth(
    run: &mut dyn Run,
    (object, parent): (&Guarded<'_>, Entity<'_>),
    new: &[u8],
    protect: Protect,
) -> Result<Vec<u8>, Error> {
    let mut w = Writer::new();
    w.sized(new);
    let parameters = Zeroizing::new(w.finish()?);
    let command = Command {
        code: CommandCode::OBJECT_CHANGE_AUTH,
        handles: &[object.entity, parent],
        parameters: &parameters,
        makes_handle: false,
    };
    let response = run.authorized(&command, object.auth, protect.decrypted())?;
    let mut r = Reader::new(response.parameters);
    let private = r.sized()?.to_vec();
    r.finish()?;
    Ok(private)
}

/// Runs Unseal on a key, which always fails. The response code shows whether the key's password is empty.
pub(crate) fn try_empty_auth(run: &mut dyn Run, key: &Guarded<'_>) -> Result<(), Error> {
    run.guarded(CommandCode::UNSEAL, key, &[], Protect::NONE).map(drop)
}
