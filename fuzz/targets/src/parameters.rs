//! Lists of OSSL_PARAM for the module's contexts and keys.
//!
//! The first byte chooses the receiver of the list. An element is its name (an index into `NAMES`), its type, its size, and that many
//! bytes.

use std::ffi::CStr;

use crate::ffi::{Context, Element, Key, List, Use, Way, watched};

/// Every name that the module knows, and one unknown name.
const NAMES: [&CStr; 72] = [
    c"digest",
    c"saltlen",
    c"pad-mode",
    c"mgf1-digest",
    c"group",
    c"bits",
    c"n",
    c"e",
    c"encoding",
    c"type",
    c"primes",
    c"point-format",
    c"pub",
    c"nonce-type",
    c"da",
    c"user-auth",
    c"use-cofactor-flag",
    c"properties",
    c"parent",
    c"encoded-pub-key",
    c"tls-negotiated-version",
    c"tls-client-version",
    c"rsa_keygen_pubexp",
    c"rsa_keygen_bits",
    c"priv",
    c"pcr-lock",
    c"parent-auth",
    c"p",
    c"order",
    c"oaep-label",
    c"kdf-ukm",
    c"kdf-type",
    c"kdf-outlen",
    c"kdf-digest",
    c"include-public",
    c"implicit-rejection",
    c"generator",
    c"field-type",
    c"cofactor",
    c"b",
    c"a",
    c"algorithm-id",
    c"d",
    c"security-bits",
    c"rsa_pss_keygen_saltlen",
    c"rsa_pss_keygen_mgf1_md",
    c"rsa_pss_keygen_md",
    c"rsa-factor1",
    c"rsa-factor2",
    c"rsa-exponent1",
    c"rsa-coefficient1",
    c"max-size",
    c"mandatory-digest",
    c"group-check",
    c"ecdh-cofactor-mode",
    c"ec_paramgen_curve",
    c"ec_param_enc",
    c"digest-size",
    c"default-digest",
    c"qx",
    c"qy",
    c"reference",
    c"data",
    c"seed",
    c"mgf1-properties",
    c"digest-props",
    c"kdf-digest-props",
    c"cipher",
    c"user-auth-source",
    c"parent-auth-source",
    c"decoded-from-explicit",
    c"unknown",
];

/// OSSL_PARAM_INTEGER … OSSL_PARAM_OCTET_PTR, and two unknown types.
const TYPES: [u32; 9] = [0, 1, 2, 3, 4, 5, 6, 7, 99];

/// OSSL_PARAM_INTEGER and OSSL_PARAM_UNSIGNED_INTEGER.
const NUMBERS: [u32; 2] = [1, 2];

/// The receiver of the list.
enum Receiver {
    Key(&'static [u8], Use),
    New(&'static CStr, Use),
}

const RSA: &[u8] = include_bytes!("../../../keyfile/tests/data/tpm2-openssl-rsa.pem");
const PSS: &[u8] = include_bytes!("../../../keyfile/tests/data/tpm2-openssl-rsa-pss.pem");
const EC: &[u8] = include_bytes!("../../../keyfile/tests/data/tpm2-openssl-p256.pem");

const RECEIVERS: [Receiver; 15] = [
    Receiver::Key(RSA, Use::Sign),
    Receiver::Key(RSA, Use::Verify),
    Receiver::Key(RSA, Use::Encrypt),
    Receiver::Key(RSA, Use::Decrypt),
    Receiver::Key(PSS, Use::Sign),
    Receiver::Key(PSS, Use::Verify),
    Receiver::Key(EC, Use::Sign),
    Receiver::Key(EC, Use::Verify),
    Receiver::Key(EC, Use::Derive),
    // Only without creating a key: a software key may take minutes.
    Receiver::New(c"TPM2-RSA", Use::Generate),
    Receiver::New(c"TPM2-RSA-PSS", Use::Generate),
    Receiver::New(c"TPM2-EC", Use::Generate),
    Receiver::New(c"TPM2-RSA", Use::Import),
    Receiver::New(c"TPM2-RSA-PSS", Use::Import),
    Receiver::New(c"TPM2-EC", Use::Import),
];

/// Returns, for each receiver, parameters that many receivers accept.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    let name =
        |wanted: &CStr| u8::try_from(NAMES.iter().position(|name| *name == wanted).unwrap_or(0)).unwrap_or(0);
    let element = |of: &CStr, kind: u8, data: &[u8]| {
        [&[name(of), kind, u8::try_from(data.len()).unwrap_or(0)], data].concat()
    };
    let point = [&[4][..], &[7; 64]].concat();
    let lists = [
        [
            element(c"digest", 4, b"SHA256"),
            element(c"pad-mode", 4, b"pss"),
            element(c"saltlen", 4, b"digest"),
        ]
        .concat(),
        [element(c"pad-mode", 1, &6_i32.to_ne_bytes()), element(c"saltlen", 1, &32_i32.to_ne_bytes())]
            .concat(),
        [
            element(c"pad-mode", 4, b"oaep"),
            element(c"digest", 4, b"SHA1"),
            element(c"oaep-label", 5, b"label"),
        ]
        .concat(),
        [
            element(c"pad-mode", 1, &7_i32.to_ne_bytes()),
            element(c"tls-client-version", 2, &0x0303_u32.to_ne_bytes()),
        ]
        .concat(),
        [element(c"bits", 2, &2048_u64.to_ne_bytes()), element(c"e", 2, &65537_u32.to_ne_bytes())].concat(),
        [element(c"group", 4, b"P-256"), element(c"encoding", 4, b"named_curve"), element(c"da", 4, b"yes")]
            .concat(),
        [
            element(c"parent", 4, b"owner"),
            element(c"user-auth", 4, b"password"),
            element(c"pcr-lock", 4, b"sha256:7"),
            element(c"user-auth-source", 4, b"pass:word"),
        ]
        .concat(),
        [element(c"group", 4, b"prime256v1"), element(c"pub", 5, &point), element(c"priv", 2, &[1; 32])]
            .concat(),
        [element(c"n", 2, &[0xc5; 128]), element(c"e", 2, &[1, 0, 1]), element(c"d", 2, &[3; 128])].concat(),
        [
            element(c"kdf-type", 4, b"X963KDF"),
            element(c"kdf-digest", 4, b"SHA256"),
            element(c"kdf-outlen", 2, &32_u64.to_ne_bytes()),
            element(c"kdf-ukm", 5, b"ukm"),
        ]
        .concat(),
        [element(c"encoded-pub-key", 7, &point), element(c"group", 6, b"P-384")].concat(),
    ];
    let receivers = || 0..u8::try_from(RECEIVERS.len()).unwrap_or(0);
    lists.iter().flat_map(|list| receivers().map(move |to| [&[to], &list[..]].concat())).collect()
}

/// Sets a list, gets the same names, and runs the context's operation.
pub fn run(data: &[u8]) {
    let Some((to, rest)) = data.split_first() else { return };
    let elements = elements(rest);
    let (to_set, to_get) = (|| List::to_set(&elements), || List::to_get(&elements));
    watched(|| match &RECEIVERS[usize::from(*to) % RECEIVERS.len()] {
        Receiver::Key(file, wanted) => {
            let key = Key::read(file, Way::Decoder).expect("a sound file");
            give(to_set(), |list| key.set(list));
            give(to_get(), |list| key.get(list));
            if let Some(context) = Context::of(&key, *wanted) {
                exercise(&context, to_set(), to_get());
            }
        }
        Receiver::New(name, Use::Import) => {
            let context = Context::named(name, Use::Import).expect("a name of ours");
            let mut key = None;
            give(to_set(), |list| key = context.import(list));
            if let Some(key) = key {
                key.show();
                give(to_get(), |list| key.get(list));
            }
        }
        Receiver::New(name, wanted) => {
            exercise(&Context::named(name, *wanted).expect("a name of ours"), to_set(), to_get());
        }
    });
}

fn exercise(context: &Context, to_set: List, to_get: List) {
    give(to_set, |list| context.set(list));
    give(to_get, |list| context.get(list));
    context.run();
}

fn give(mut list: List, to: impl FnOnce(&mut List)) {
    to(&mut list);
    list.check();
}

fn elements(mut rest: &[u8]) -> Vec<Element> {
    let mut elements = Vec::new();
    while let Some(([name, kind, size], more)) = rest.split_first_chunk() {
        let (data, after) = more.split_at(usize::from(*size).min(more.len()));
        let kind_of = TYPES[usize::from(*kind) % TYPES.len()];
        elements.push(Element {
            name: NAMES[usize::from(*name) % NAMES.len()],
            kind: kind_of,
            // For an integer without bytes, libcrypto itself reads one byte before the buffer (copy_integer in params.c).
            data: if NUMBERS.contains(&kind_of) && data.is_empty() { vec![0] } else { data.to_vec() },
            absent: *kind >= 0x80 && *size % 2 == 0,
        });
        rest = after;
    }
    elements
}
