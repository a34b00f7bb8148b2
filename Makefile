# make demo and make test need nothing but this clone: they install what is missing, build, and run.

CARGO   ?= cargo
OUT     := $(or $(CARGO_TARGET_DIR),target)/release
PREFIX  ?= /usr/local
MODULES ?= $(shell openssl version -m | sed -n 's/^MODULESDIR: "\(.*\)"/\1/p')
DEPS    := ./scripts/deps

# A story waits for its programs half of the time.
export RUST_TEST_THREADS ?= $(shell expr 2 \* $$(nproc))

.PHONY: all help build demo test check bench fuzz shell valgrind matrix install clean

all: build

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/\1\t\2/p' Makefile | expand -t 12

build: ## tpm2.so, tpm2-keytool and the drop-in names in target/release; manual pages and completions beside
	@$(DEPS) build
	$(CARGO) build --locked --release -p provider -p keytool
	@./scripts/link-names $(OUT)
	@./scripts/pages $(OUT)

demo: ## the main job on a private TPM, printed step by step
	@$(DEPS) demo
	@$(MAKE) --no-print-directory build
	@./scripts/with-tpm ./scripts/demo

test: ## every test: units, every TPM command on swtpm, the user stories; a short look at the timing
	@$(DEPS) test
	@$(MAKE) --no-print-directory build
	$(CARGO) test --locked --workspace
	$(CARGO) bench --locked -p missing --bench timing -- 20000

check: ## rustfmt, clippy, rustdoc, layers and exports
	@$(DEPS) test
	$(CARGO) fmt --all --check
	$(CARGO) clippy --locked --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --locked --workspace --no-deps --document-private-items
	@$(MAKE) --no-print-directory build
	$(CARGO) test --locked --workspace --test stories house::

bench: ## what an operation costs, against the bare TPM command and others' ways; whether a padding shows in the time
	@$(DEPS) test
	@$(MAKE) --no-print-directory build
	$(CARGO) bench --locked -p tests --bench bench
	$(CARGO) bench --locked -p missing --bench timing

fuzz: ## libFuzzer on everything that is read from outside: make fuzz [TIME=60] [TARGETS="key_file answers"]
	@$(DEPS) build
	@./scripts/fuzz $(or $(TIME),60) $(TARGETS)

valgrind: ## the stories that look for faults of memory in the provider's own frames
	@$(DEPS) test
	@$(MAKE) --no-print-directory build
	TPM2_VALGRIND=thorough $(CARGO) test --locked --workspace --test stories -- valgrind lifetimes

matrix: ## the stories on OpenSSL 3.5, 3.6 and 4.0: make matrix [RELEASES="trixie sid experimental"]; as root, with network
	@$(DEPS) matrix
	@$(MAKE) --no-print-directory build
	@./scripts/matrix $(RELEASES)

shell: ## a shell beside a private TPM, with the provider configured
	@$(DEPS) demo
	@$(MAKE) --no-print-directory build
	@./scripts/with-tpm $(or $(SHELL),bash)

install: ## what make build left: make install [PREFIX=/usr/local] [MODULES=…] [DESTDIR=…]
	@./scripts/install $(OUT) "$(DESTDIR)$(PREFIX)" "$(DESTDIR)$(MODULES)"

clean: ## forget what was built
	$(CARGO) clean
