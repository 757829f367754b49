# The targets call the scripts in util/.  The head of each script says what the
# script does and which variables it takes.

.PHONY: help build install deb run test test-packages torture check analyze \
	coverage bench clean

help:
	@echo "make build   the module, as build/ngx_violet_module.so (CC=clang)"
	@echo "make install the module that was built, beside the nginx that is"
	@echo "             installed (DESTDIR=DIR: below DIR)"
	@echo "make deb     the package libnginx-mod-violet, in build/deb (ROOT=trixie:"
	@echo "             for that Debian, in build/trixie/deb)"
	@echo "make run     the gateway in front of a mock Violet, until Ctrl-C"
	@echo "             (PORT, REDIS_PORT, MOCK_PORT choose the ports; with"
	@echo "             VIOLET_URL, VIOLET_APP_ID, VIOLET_APP_SECRET and"
	@echo "             VIOLET_REFRESH_TOKEN in front of the real one)"
	@echo "make test    all tests (TEST_NGINX_LIB=DIR: with the genuine"
	@echo "             Test::Nginx that lies there)"
	@echo "make test T=t/health/report.t:84   the one block at that line (T=FILE,"
	@echo "             T=FOLDER, T=\"FILE FOLDER\": these only)"
	@echo "make torture everything that can go wrong, made to go wrong, in parts,"
	@echo "             for under 45 minutes (T=carts: this part; T=--list: the"
	@echo "             parts)"
	@echo "make build ROOT=trixie, make test ROOT=trixie   the same on another"
	@echo "             Debian, whose root debootstrap makes (ROOTS=DIR: in DIR)"
	@echo "make build NGINX_SRC=DIR, make test NGINX_SRC=DIR   with the nginx whose"
	@echo "             source is in DIR (TEST_STATIC=1: the module built in)"
	@echo "make test-packages   installs the package in clean roots of Debian, and"
	@echo "             follows docs/install.md there (ROOT=trixie: only there)"
	@echo "make check   style, arrows between folders, documentation against the"
	@echo "             code, OpenAPI, how many instructions a request takes"
	@echo "make analyze static analysis by gcc, clang, clang-tidy and cppcheck, for"
	@echo "             about 10 minutes"
	@echo "make coverage   all tests once more, and which lines they do not run"
	@echo "make bench   measures the gateway beside other ways to do its work"
	@echo "             (BENCH_SECONDS=1 BENCH_ROUNDS=1: a quick look)"
	@echo "make clean   deletes build/"

# ROOT=trixie: on that Debian, in a root of its own.
in = $(if $(ROOT),util/root $(ROOT))

build:
	@$(in) util/packages build $(filter clang,$(CC))
	@$(in) util/build

install:
	@util/install

deb:
	@$(in) util/deb

run:
	@util/run

test:
	@$(in) util/test

test-packages:
	@util/test-packages $(ROOT)

torture:
	@util/torture

check:
	@util/packages build check
	@util/style --self-test
	@util/style
	@util/docs-check --self-test
	@util/docs-check
	@util/compatibility --self-test
	@util/compatibility
	@util/docs-tables --self-test
	@util/docs-tables
	@util/openapi-check --self-test
	@util/openapi-check
	@CC=gcc util/build
	@util/arrows --self-test
	@util/arrows
	@util/torture --self-test
	@t/torture/mutants.pl --check
	@bench/instructions

analyze:
	@util/analyze

coverage:
	@util/coverage

bench:
	@util/packages build run bench
	@util/build
	@bench/run

clean:
	rm -rf build
