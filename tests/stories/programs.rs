//! Programs that know nothing of TPMs: they get a key file, or a reference to a key at a handle, where they expect a PEM key.
//!
//! One file each, with a page of the same name in docs/programs. `make test` runs each program whose packages it needs anyway, with two
//! keys; `make programs` runs every program with every key, and writes what it tried into the pages.
mod case;
mod curl;
mod dehydrated;
mod fetchmail;
mod git;
mod haproxy;
mod keys;
mod librdkafka;
mod mosquitto;
mod nginx;
mod nodejs;
mod opendkim;
mod openssl_cmp;
mod osslsigncode;
mod pages;
mod perl;
mod php;
mod python;
mod rauc;
mod referenced;
mod ruby;
mod sbsign;
mod strongswan_pki;
mod tried;
mod xmlsec1;
