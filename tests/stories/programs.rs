//! Programs without TPM support get a key file, or a reference to a persistent key, where they expect a PEM key.
//!
//! Each program has one file here, and a page of the same name in docs/programs. `make test` runs the programs whose packages are needed
//! anyway, with two keys; `make programs` runs every program with every key, and writes the results into the pages.
mod apache;
mod bind;
mod case;
mod curl;
mod dehydrated;
mod dovecot;
mod eap;
mod fetchmail;
mod freeradius;
mod git;
mod haproxy;
mod hostapd;
mod kamailio;
mod keys;
mod librdkafka;
mod lighttpd;
mod mariadb;
mod mosquitto;
mod nginx;
mod nodejs;
mod opendkim;
mod openssl_cmp;
mod openvpn;
mod osslsigncode;
mod pages;
mod perl;
mod php;
mod postfix;
mod postgresql;
mod psql;
mod python;
mod rauc;
mod redis;
mod referenced;
mod ruby;
mod sbsign;
mod strongswan_pki;
mod stunnel;
mod systemd_sbsign;
mod tried;
mod unbound;
mod users;
mod wpa_supplicant;
mod xmlsec1;
