# make demo and make test need nothing but this clone: they install what is missing, build, and run.

CARGO   ?= cargo
# What make build left, and where: root, who installs, may have another cargo than the builder, or none.
BUILT    = $(or $(shell cat .built 2>/dev/null),$(shell ./scripts/target-dir)/release)
PREFIX  ?= /usr/local
DEPS    := ./scripts/deps

# The scripts' cargo is this one.
export CARGO
# A story waits for its programs half of the time.
export RUST_TEST_THREADS ?= $(shell expr 2 \* $$(nproc))

.PHONY: all help build demo test check coverage bench campaign programs fuzz shell valgrind matrix systems dist install uninstall clean

all: build

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/\1\t\2/p' Makefile | expand -t 12

# Rust 1.85 writes the folder of the build into what it compiles, 1.95 does not. cargo splits this variable at spaces.
ifeq ($(words $(CURDIR)),1)
build: export CARGO_BUILD_RUSTFLAGS = --remap-path-prefix=$(CURDIR)=.
endif
build: ## tpm2.so, tpm2-keytool and the drop-in names in target/release; manual pages, completions and licences beside
	@$(DEPS) build
	$(CARGO) build --locked --release -p provider -p keytool
	@out=$$(./scripts/target-dir)/release && ./scripts/link-names $$out && ./scripts/pages $$out && ./scripts/licences $$out && \
		echo $$out >.built

demo: ## the main job on a private TPM, printed step by step
	@$(DEPS) demo
	@$(MAKE) --no-print-directory build
	@./scripts/with-tpm ./scripts/demo

test: ## every test: units, every TPM command on swtpm, the user stories; a short look at the timing
	@$(DEPS) test
	@$(MAKE) --no-print-directory build
	$(CARGO) test --locked --workspace
	$(CARGO) bench --locked -p missing --bench timing -- 20000

check: ## rustfmt, clippy, rustdoc, layers and exports; licences and advisories of the dependencies; the oldest Rust
	@$(DEPS) check
	$(CARGO) fmt --all --check
	$(CARGO) clippy --locked --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --locked --workspace --no-deps --document-private-items
	@$(MAKE) --no-print-directory build
	$(CARGO) test --locked --workspace --test stories house::
	@./scripts/deny
	@./scripts/msrv

coverage: ## lines of missing, keyfile and tpm that their own tests run; fails below the goal: make coverage [GOAL=90] [CRATES="tpm"]
	@$(DEPS) coverage
	@GOAL=$(or $(GOAL),90) ./scripts/coverage $(CRATES)

bench: ## what an operation costs, against the bare TPM command and others' ways; whether a padding shows in the time
	@$(DEPS) test
	@$(MAKE) --no-print-directory build
	$(CARGO) bench --locked -p tests --bench bench
	$(CARGO) bench --locked -p missing --bench timing

campaign: ## an hour of faults on the bus, at every command of every operation: make campaign [SECONDS=3600] [SEED=N]
	@$(DEPS) test
	CAMPAIGN_SECONDS=$(or $(SECONDS),3600) CAMPAIGN_SEED=$(or $(SEED),$(shell date +%s)) \
	  $(CARGO) test --locked -p tpm --test swtpm campaign -- --nocapture

fuzz: ## libFuzzer on everything that is read from outside: make fuzz [TIME=60] [TARGETS="key_file answers"]
	@$(DEPS) fuzz
	@./scripts/fuzz $(or $(TIME),60) $(TARGETS)

valgrind: ## the stories that look for faults of memory in the provider's own frames
	@$(DEPS) test
	@$(MAKE) --no-print-directory build
	TPM2_VALGRIND=thorough $(CARGO) test --locked --workspace --test stories -- valgrind lifetimes

programs: ## every program of docs/programs with every kind of key, and the table there: make programs [NAMES="nginx curl"]; installs their packages
	@$(DEPS) programs
	@$(MAKE) --no-print-directory build
	@./scripts/programs $(NAMES)

matrix: ## the stories on OpenSSL 3.5, 3.6 and 4.0: make matrix [RELEASES="trixie sid experimental"]; as root, with network
	@$(DEPS) matrix
	@$(MAKE) --no-print-directory build
	@./scripts/matrix $(RELEASES)

systems: ## the first five minutes on a minimal Debian 12 and 13, the .deb of make dist: make systems [RELEASES="bookworm trixie sid"] [STEPS=…]; as root
	@$(DEPS) systems
	@./scripts/systems $(RELEASES)

shell: ## a shell beside a private TPM, with the provider configured
	@$(DEPS) demo
	@$(MAKE) --no-print-directory build
	@./scripts/with-tpm $(or $(SHELL),bash)

dist: ## a release in target/dist: source with all crates, .deb, .rpm, SBOM, checksums; fails unless two builds give the same bytes
	@$(DEPS) dist
	@./scripts/dist

install: ## what make build left: make install [PREFIX=/usr/local] [MODULES=…] [DESTDIR=…]; docs/install.md has them all
	@PREFIX="$(PREFIX)" MODULES="$(MODULES)" CONFIGDIR="$(CONFIGDIR)" DESTDIR="$(DESTDIR)" ./scripts/install $(BUILT)

uninstall: ## what make install put there, but for what was changed since: make uninstall [PREFIX=/usr/local] [DESTDIR=…]
	@PREFIX="$(PREFIX)" DESTDIR="$(DESTDIR)" ./scripts/uninstall

clean: ## forget what was built
	$(CARGO) clean
	rm -f .built
