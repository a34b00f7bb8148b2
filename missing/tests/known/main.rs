//! Every padding against blocks that another implementation made: `make.py` says how.
#![cfg(test)]

mod encryption;
mod hashers;
mod oaep;
mod pkcs1;
mod pss;
mod rejection;
mod tls;
mod vectors;
