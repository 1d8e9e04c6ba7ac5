# Everything here also works with the go command alone; this file only puts the
# pieces together. POSIX make. Nothing but Go modules comes over the network.

GO = go
CORE = httpapi/web/core

all: build

# The program, with the core for the browser in it.
build: core
	$(GO) build -trimpath -o carehold ./cmd/carehold

# record/holder for the browser: compressed, and embedded by httpapi/web.
# The same source and the same Go make the same bytes (docs/decisions/0039-core.md).
core:
	$(GO) generate ./httpapi/web

# The walk through all of it, without the core, which it does not need.
# DEMO_EXIT=1 ends it.
demo:
	$(GO) build -trimpath -o carehold ./cmd/carehold
	./carehold demo || test $$? -eq 130 # Ctrl-C is how one leaves

test: core
	$(GO) test -timeout 20m $(GOTESTFLAGS) ./...

vet:
	$(GO) vet ./...

# Each fuzzer for a moment: enough to see that it runs and that its seeds hold.
FUZZTIME = 5000x
fuzz-short:
	.ci/fuzz-seeds $(FUZZTIME)

# The parsers of what strangers send, ten million inputs each; what is found is kept
# in their testdata. FUZZCOUNT=100000x for a look, FUZZ=folder:Name for some.
FUZZCOUNT = 10000000x
fuzz:
	.ci/fuzz $(FUZZCOUNT)

bench:
	$(GO) test -run '^$$' -bench . -benchmem ./...

# Archives for every system, with SHA256SUMS, in dist; and that whoever builds them
# gets the same bytes. Both want GNU tar, gzip, zip and git.
release:
	.ci/release

release-check:
	.ci/release-check

# The figures of docs/performance.md, measured anew: a quarter of an hour, as root,
# on a machine that does nothing else. BENCHFLAGS=-short only shows that it runs.
BENCHFLAGS = -doc docs/performance.md
bench-report:
	@set -e; dir=$$(mktemp -d); trap 'rm -rf "$$dir"' EXIT; \
	$(GO) build -trimpath -o "$$dir/carehold" ./cmd/carehold; \
	$(GO) build -trimpath -o "$$dir/bench" ./cmd/bench; \
	"$$dir/bench" -carehold "$$dir/carehold" -dir "$$dir" $(BENCHFLAGS)

# Whether the time of a refusal tells why (cmd/timing): compares the bytes, which must be
# equal, then measures. A quarter of an hour, nearly all of it in synced commits; with
# TIMINGFLAGS="-dir /dev/shm", where the store is in memory, 5 minutes.
TIMINGFLAGS = -n 100000
timing:
	$(GO) run ./cmd/timing $(TIMINGFLAGS)

# Breaks stores on purpose and counts what was lost (cmd/torture): about 40 minutes,
# as root, with strace, e2fsprogs and 4 GB of room. The short form takes about a minute:
# what it does is mostly waiting, so it does four at once. What is broken is the program
# as it is released, without cgo.
TORTURE = "power -cycles 1000" "kill -cycles 1000" "flips -n 10000" errors full "middle -cycles 150"
TORTURES_AT_ONCE = 1
torture:
	@set -e; dir=$$(mktemp -d); trap 'rm -rf "$$dir"' EXIT; \
	CGO_ENABLED=0 $(GO) build -trimpath -o "$$dir/carehold" ./cmd/carehold; \
	CGO_ENABLED=0 $(GO) build -trimpath -o "$$dir/torture" ./cmd/torture; \
	printf '%s\n' $(TORTURE) | xargs -P $(TORTURES_AT_ONCE) -I'{}' sh -c '"$$0/torture" {} -carehold "$$0/carehold"' "$$dir"

torture-short:
	@$(MAKE) torture TORTURES_AT_ONCE=4 TORTURE='"kill -cycles 14" "kill -cycles 13" "kill -cycles 13" "power -cycles 40" "flips -n 400" "errors -each 3" full "middle -cycles 3"'

# The pictures of docs/screens, of Chromium: half a minute.
screens: core
	cd httpapi/browsertest && $(GO) test -count=1 -tags screens -run '^TestScreens$$' .

clean:
	rm -rf dist
	rm -f carehold $(CORE)/core.wasm.zst $(CORE)/wasm_exec.js

.PHONY: all build core demo test vet fuzz fuzz-short bench bench-report release release-check timing torture torture-short screens clean
