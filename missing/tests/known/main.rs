//! Every padding against blocks that another implementation made: `make.py` says how.

#[cfg(test)]
mod hashers;
mod pkcs1;
mod pss;
#[cfg(test)]
mod vectors;
