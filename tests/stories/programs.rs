//! Programs that know nothing of TPMs: they get a key file, or a reference to a key at a handle, where they expect a PEM key.
//!
//! One file each, with a page of the same name in docs/programs. `make test` runs each program whose packages it needs anyway, with two
//! keys; `make programs` runs every program with every key, and writes what it tried into the pages.
mod apache;
mod bind;
mod case;
mod dovecot;
mod eap;
mod freeradius;
mod haproxy;
mod hostapd;
mod kamailio;
mod keys;
mod lighttpd;
mod mariadb;
mod mosquitto;
mod nginx;
mod openvpn;
mod pages;
mod postfix;
mod postgresql;
mod psql;
mod python;
mod redis;
mod referenced;
mod stunnel;
mod tried;
mod unbound;
mod users;
mod wpa_supplicant;
mod xmlsec1;
