//! Compares every padding with blocks from another implementation: see `make.py`.
#![cfg(test)]

mod encryption;
mod hashers;
mod oaep;
mod pkcs1;
mod pss;
mod rejection;
mod tls;
mod vectors;
