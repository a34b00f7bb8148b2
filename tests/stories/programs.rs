//! Programs that know nothing of TPMs: they get a key file, or a reference to a key at a handle, where they expect a PEM key.
//!
//! One file each, with a page of the same name in docs/programs. `make test` runs each program whose packages it needs anyway, with two
//! keys; `make programs` runs every program with every key, and writes what it tried into the pages.
mod case;
mod freeradius;
mod eap;
mod kamailio;
mod wpa_supplicant;
mod hostapd;
mod unbound;
mod bind;
mod dovecot;
mod postfix;
mod redis;
mod mariadb;
mod psql;
mod postgresql;
mod openvpn;
mod lighttpd;
mod stunnel;
mod apache;
mod haproxy;
mod keys;
mod mosquitto;
mod nginx;
mod pages;
mod python;
mod referenced;
mod tried;
mod users;
mod xmlsec1;
