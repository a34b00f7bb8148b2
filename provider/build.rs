//! Builds the only C code: `core_vset_error` takes a `va_list`, which Rust cannot create.

fn main() {
    println!("cargo::rerun-if-changed=src/ffi/vset_error.c");
    // Its debug information would name the folder of the build, which would give the module another build ID in each folder.
    cc::Build::new().file("src/ffi/vset_error.c").warnings(true).debug(false).compile("tpm2_vset_error");
}
