# make demo and make test need only this clone: they install what is missing, build, and run.

CARGO   ?= cargo
# Records where make build put its output. make install runs as root, which may have another cargo than the builder, or none.
BUILT    = $(or $(shell cat .built 2>/dev/null),$(shell ./scripts/target-dir)/release)
PREFIX  ?= /usr/local
DEPS    := ./scripts/deps

# The scripts use the same cargo.
export CARGO
# A story spends half of its time waiting for its programs.
export RUST_TEST_THREADS ?= $(shell expr 2 \* $$(nproc))

.PHONY: all help build demo demo-enrol site test check coverage bench bench-chip campaign programs pkcs11 fuzz shell valgrind matrix systems dist install uninstall clean

all: build

help: ## show this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' Makefile | expand -t 12

# Rust 1.85 writes the path of the build folder into its output, 1.95 does not. cargo splits this variable at spaces.
ifeq ($(words $(CURDIR)),1)
build: export CARGO_BUILD_RUSTFLAGS = --remap-path-prefix=$(CURDIR)=.
endif
build: ## build tpm2.so, tpm2-keyfiles-pkcs11.so, tpm2-keytool and its drop-in names in target/release, and manual pages, completions and licences beside it
	@$(DEPS) build
	$(CARGO) build --locked --release -p tpm2-provider -p tpm2-keyfiles-pkcs11 -p tpm2-keytool
	@out=$$(./scripts/target-dir)/release && ./scripts/link-names $$out && ./scripts/pages $$out && ./scripts/licences $$out && \
		echo $$out >.built

demo: ## run the main task on a private TPM and print each step
	@$(DEPS) demo
	@$(MAKE) --no-print-directory build
	@./scripts/with-tpm ./scripts/demo

demo-enrol: ## enrol a key at a test CA on private TPMs, and print what the device does and what the CA checks
	@$(DEPS) enrol
	@$(MAKE) --no-print-directory build
	$(CARGO) build --locked -p tpm2-provider-demo-ca
	@./scripts/with-tpm ./scripts/demo-enrol

test: ## run all tests: unit tests, every TPM command on swtpm, the user stories, and a short timing test
	@$(DEPS) test
	@$(MAKE) --no-print-directory build
	$(CARGO) test --locked --workspace
	$(CARGO) bench --locked -p tpm2-provider-missing --bench timing -- 20000

check: ## check format, lints, documentation, layers and exports; licences and advisories of the dependencies; the oldest supported Rust
	@$(DEPS) check
	$(CARGO) fmt --all --check
	$(CARGO) clippy --locked --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --locked --workspace --no-deps --document-private-items
	@$(MAKE) --no-print-directory build
	$(CARGO) test --locked --workspace --test stories house::
	@./scripts/deny
	@./scripts/msrv

coverage: ## measure the lines of missing, keyfile, crypto, tpm and operations that their own tests run, and fail below the goal: make coverage [GOAL=90] [CRATES="tpm"]
	@$(DEPS) coverage
	@GOAL=$(or $(GOAL),90) ./scripts/coverage $(CRATES)

bench: ## measure the cost of an operation against the bare TPM command and other software; test that paddings are constant-time
	@$(DEPS) bench
	@$(MAKE) --no-print-directory build
	$(CARGO) bench --locked -p tpm2-provider-tests --bench bench
	$(CARGO) bench --locked -p tpm2-provider-missing --bench timing

bench-chip: ## measure servers on a TPM with the times of a chip, against tpm2-openssl: commands at the chip and time for each step: make bench-chip [OPTIONS=--json]; OPTIONS=--curves draws docs/handshakes.svg
	@$(DEPS) chip
	@$(MAKE) --no-print-directory build
	$(CARGO) bench --locked -p tpm2-provider-tests --bench chip -- $(OPTIONS)

campaign: ## inject faults on the bus for an hour, at every command of every operation: make campaign [SECONDS=3600] [SEED=N]
	@$(DEPS) test
	CAMPAIGN_SECONDS=$(or $(SECONDS),3600) CAMPAIGN_SEED=$(or $(SEED),$(shell date +%s)) \
	  $(CARGO) test --locked -p tpm2-provider-tpm --test swtpm campaign -- --nocapture

fuzz: ## fuzz all readers of external input with libFuzzer: make fuzz [TIME=60] [TARGETS="key_file answers"]
	@$(DEPS) fuzz
	@./scripts/fuzz $(or $(TIME),60) $(TARGETS)

valgrind: ## run the stories that look for memory errors in the provider's own frames
	@$(DEPS) test
	@$(MAKE) --no-print-directory build
	TPM2_VALGRIND=thorough $(CARGO) test --locked --workspace --test stories -- valgrind lifetimes

programs: ## test every program of docs/programs with every kind of key and update the table there: make programs [NAMES="nginx curl"]; installs their packages
	@$(DEPS) programs
	@$(MAKE) --no-print-directory build
	@./scripts/programs $(NAMES)

pkcs11: ## test every program of docs/pkcs11 with keys of the PKCS#11 module and update the table there: make pkcs11 [NAMES="gnutls java"]; installs their packages
	@$(DEPS) pkcs11
	@$(MAKE) --no-print-directory build
	@./scripts/pkcs11 $(NAMES)

matrix: ## run the stories with OpenSSL 3.5, 3.6 and 4.0: make matrix [RELEASES="trixie sid experimental"]; requires root and network
	@$(DEPS) matrix
	@$(MAKE) --no-print-directory build
	@./scripts/matrix $(RELEASES)

systems: ## test the first five minutes of a new user on minimal Debian, and the .deb of make dist: make systems [RELEASES="bookworm trixie sid"] [STEPS=…]; requires root and network
	@$(DEPS) systems
	@./scripts/systems $(RELEASES)

shell: ## start a shell with a private TPM and the provider configured
	@$(DEPS) demo
	@$(MAKE) --no-print-directory build
	@./scripts/with-tpm $(or $(SHELL),bash)

site: ## build README.md and docs/ as a site in target/site/book, with mdBook
	@$(DEPS) site
	@./scripts/site

dist: ## build a release in target/dist: source with all crates, .deb, .rpm, SBOM, checksums; fail unless two builds give the same bytes
	@$(DEPS) dist
	@./scripts/dist

install: ## install the output of make build: make install [PREFIX=/usr/local] [MODULES=…] [DESTDIR=…]; all variables: docs/install.md
	@PREFIX="$(PREFIX)" MODULES="$(MODULES)" CONFIGDIR="$(CONFIGDIR)" DESTDIR="$(DESTDIR)" ./scripts/install $(BUILT)

uninstall: ## remove what make install installed, except files that have changed since: make uninstall [PREFIX=/usr/local] [DESTDIR=…]
	@PREFIX="$(PREFIX)" DESTDIR="$(DESTDIR)" ./scripts/uninstall

clean: ## remove the build output
	$(CARGO) clean
	rm -f .built
