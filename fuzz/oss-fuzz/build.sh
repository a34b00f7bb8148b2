#!/bin/bash -eu
# Builds every fuzz target for OSS-Fuzz, which sets SRC, OUT and the flags of the sanitizer.
cd "$SRC/tpm2-provider"

cargo fuzz build --release --debug-assertions
built=fuzz/target/$(rustc -vV | sed -n 's/^host: //p')/release

# The targets run in an image without these libraries.
mkdir -p "$OUT/lib"
for target in $(sed -n 's|^path = "fuzz_targets/\(.*\)\.rs"|\1|p' fuzz/Cargo.toml); do
    cp "$built/$target" "$OUT/"
    ldd "$OUT/$target" | sed -n 's/.* => \(.*lib\(crypto\|tss2-[a-z]*\)\.so[^ ]*\) .*/\1/p' | xargs -r cp -Lt "$OUT/lib"
    # RPATH, which also serves the libraries that libtss2-tctildr needs.
    patchelf --force-rpath --set-rpath "\$ORIGIN/lib" "$OUT/$target"

    RUSTFLAGS='' cargo run --locked --quiet -p tpm2-provider-fuzz-targets --example seeds -- "$OUT/seeds" "$target"
    zip -qjr "$OUT/${target}_seed_corpus.zip" "$OUT/seeds/$target"
    printf '[libfuzzer]\nmax_len = 8192\ntimeout = 20\n' >"$OUT/$target.options"
done
rm -rf "$OUT/seeds"
