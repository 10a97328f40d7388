# The only entry points: run · stop · test · test-asan · bench · screenshots · install · reference · lint · clean.
export PG_CONFIG ?= $(firstword $(wildcard /usr/lib/postgresql/15/bin/pg_config) pg_config)

run: ; @.dev/run start
stop: ; @.dev/run stop
test: ; @.dev/test
test-asan: ; @.dev/asan
bench: ; @.dev/bench
lint: ; @.dev/lint

# Every page at two widths in both themes, into .vibe/screenshots.
screenshots: ; @.dev/screenshots

# sql/REFERENCE.md and the types of /client.js, from the catalog.
reference: ; @.dev/reference

# The extension alone, into the server that PG_CONFIG belongs to.
install: ; $(MAKE) -C extension install

clean:
	@.dev/run clean
	$(MAKE) -C extension clean
	rm -rf .build .venv

.PHONY: run stop test test-asan bench lint screenshots reference install clean
