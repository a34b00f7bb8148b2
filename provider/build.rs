//! Builds the only C code: `core_vset_error` takes a `va_list`, which Rust cannot create.

fn main() {
    println!("cargo::rerun-if-changed=src/ffi/vset_error.c");
    cc::Build::new().file("src/ffi/vset_error.c").warnings(true).compile("tpm2_vset_error");
}
