//! Certificate revocation lists in NV indexes: `openssl crl` and `storeutl -crls` read them by URI, as with tpm2-openssl.
use tests::raw::Tpm as _;
use tests::{Openssl, Order};

use crate::machine::Machine;
use crate::store::{certificate, nv};

/// Makes a new list of the issuer NAME in NAME.crl, and returns it in PEM and in DER.
#[track_caller]
fn list(openssl: &Openssl, name: &str) -> [Vec<u8>; 2] {
    let stock = openssl.without_tpm2().sections(
        "[ca]\ndefault_ca = authority\n[authority]\ndatabase = issued\ncrlnumber = number\ndefault_md = sha256\n\
         default_crl_days = 30\n",
    );
    openssl.write("issued", "");
    openssl.write("number", "01\n");
    stock.ok(&format!("ca -gencrl -keyfile {name}.key -cert {name}.crt -out {name}.crl"));
    [openssl.read(format!("{name}.crl")), stock.ok(&format!("crl -in {name}.crl -outform DER")).stdout]
}

#[test]
fn lists_are_read_in_pem_and_in_der() {
    let machine = Machine::new();
    let openssl = &machine.openssl;
    let authority = certificate(openssl, "authority");
    let [pem, der] = list(openssl, "authority");
    let written = openssl.text("authority.crl");
    nv(&machine, "0x1c00002", "", &pem);
    nv(&machine, "0x1c00003", "", &[&der[..], &[0xff; 100]].concat());
    nv(&machine, "0x1c00004", "", &[authority, der].concat());
    for openssl in Order::BOTH.map(|order| openssl.clone().ordered(order)) {
        for uri in ["handle:0x1c00002", "handle:0x1c00003", "tpm2:nv=0x1c00003", "handle:0x1c00004"] {
            assert_eq!(openssl.ok(&format!("crl -in {uri}")).out(), written, "{uri}");
            openssl.ok(&format!("storeutl -noout -crls {uri}")).says("0: CRL").says("Total found: 1");
            openssl.ok(&format!("verify -crl_check -CRLfile {uri} -CAfile authority.crt authority.crt"));
        }
        openssl.ok("storeutl -noout handle:0x1c00004").says("Certificate").says("CRL").says("Total found: 2");
        openssl.ok("storeutl -noout -certs handle:0x1c00004").says("Total found: 1");
        openssl.ok("storeutl -noout -crls tpm2:").says("Total found: 3");
        openssl.failed("x509 -in handle:0x1c00002 -noout").says("NV index 0x01c00002 contains none");
        openssl.failed("pkey -in handle:0x1c00002 -noout").says("NV index 0x01c00002 contains none");
    }
    machine.tool.ok("show 0x1c00002").says("a revocation list of CN=authority");
    openssl.ok("storeutl -noout tpm2:").says("revocation list");
    nv(&machine, "0x1c00005", "", &openssl.read("authority.crt"));
    openssl.failed("crl -in handle:0x1c00005 -noout").says("revocation lists are in files and in NV indexes");
    machine.tpm.assert_empty();
}
