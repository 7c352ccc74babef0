# pg_respond: rules inside PostgreSQL that answer events with tickets, mail, webhooks and SQL.
#
#   make && sudo make install       build and install with the pg_config in PATH (or PG_CONFIG=...)
#   make demo                       everything on a private copy of the server, fed with real input
#   make test                       every test, the same way; closes with "N passed, N failed"
#   make test-versions              the same under each release of PostgreSQL, in roots of Debian's suites
#   make help                       the other targets
#
# The development targets never write into the system's PostgreSQL directories: they install into a
# private copy of the server's trees under build/pg and run clusters of their own (see test/README.md).

EXTENSION  = pg_respond
EXTVERSION = $(shell sed -n "s/^default_version *= *'\(.*\)'.*/\1/p" $(EXTENSION).control)
MODULE_big = pg_respond

# The room listener is a program of its own, without a server; it shares some objects with the library.
PROGRAM_GATEWAY = pg_respond_gateway
LISTENER_OBJS   = $(patsubst %.c,%.o,$(sort $(wildcard src/listener/*.c)))
PROGRAM_OBJS    = $(LISTENER_OBJS) src/common/arena.o $(patsubst %,src/companion/%.o,frame frame_socket json_text listen_address \
                  problem web_answer web_request)
SOURCES    = $(sort $(filter-out src/listener/%,$(wildcard src/*.c src/*/*.c)))
OBJS       = $(SOURCES:.c=.o)
SQL_PARTS  = $(sort $(wildcard sql/[0-9]*.sql))
DATA       = $(wildcard sql/updates/$(EXTENSION)--*--*.sql)
DATA_built = $(EXTENSION)--$(EXTVERSION).sql

# PostgreSQL's headers survive -Wextra with these exceptions.  clang does not know all that a
# server built with gcc asks for, its flags and attributes in its headers.  Set WERROR= where a newer compiler
# than ours finds something to warn about.
WERROR    ?= -Werror
WARNINGS   = -Wextra -Wno-unused-parameter -Wno-sign-compare -Wno-missing-field-initializers \
             -Wno-clobbered -Wno-cast-function-type $(if $(findstring clang,$(CC)),$(CLANG_WARNINGS)) $(WERROR)
CLANG_WARNINGS = -Wno-unknown-warning-option -Wno-ignored-optimization-argument -Wno-ignored-attributes
PG_CPPFLAGS = -Isrc -DRESPOND_VERSION=\"$(EXTVERSION)\"
SHLIB_LINK  = -lcurl -lcrypto -lidn2
PG_CFLAGS  = $(WARNINGS) -MMD -MP

# Bitcode for JIT inlining would make clang a build dependency and gains nothing: no function of
# ours is worth inlining into a query.
override with_llvm = no

EXTRA_CLEAN = $(OBJS:.o=.d) $(LISTENER_OBJS) $(LISTENER_OBJS:.o=.d) $(PROGRAM_GATEWAY) $(DATA_built)

# "make installcheck" runs these against a server that runs already and has the lines of test/regress/postgresql.conf.
REGRESS        = $(patsubst test/regress/sql/%.sql,%,$(sort $(wildcard test/regress/sql/*.sql)))
REGRESS_OPTS   = --inputdir=test/regress --load-extension=$(EXTENSION)
ISOLATION      = $(patsubst test/isolation/specs/%.spec,%,$(sort $(wildcard test/isolation/specs/*.spec)))
ISOLATION_OPTS = --inputdir=test/isolation --outputdir=. --load-extension=$(EXTENSION)
ENCODING       = UTF8
NO_LOCALE      = 1
override CONTRIB_TESTDB   = respond_regress
override ISOLATION_TESTDB = respond_isolation

PG_CONFIG  = pg_config
PGXS      := $(wildcard $(shell $(PG_CONFIG) --pgxs 2>/dev/null))
HARNESS    = PG_CONFIG="$(PG_CONFIG)" MAKE="$(MAKE)" test/harness

ifneq ($(PGXS),)
include $(PGXS)
-include $(OBJS:.o=.d) $(LISTENER_OBJS:.o=.d)

# Without the headers of a server, which are none of a program's business.
$(LISTENER_OBJS): %.o: %.c $(EXTENSION).control
	$(CC) $(CFLAGS) $(PG_CPPFLAGS) -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 -c -o $@ $<

$(PROGRAM_GATEWAY): $(PROGRAM_OBJS)
	$(CC) $(CFLAGS) $(PROGRAM_OBJS) $(LDFLAGS) $(LDFLAGS_EX) -lssl -lcrypto -o $@

.PHONY: install-program uninstall-program
all: $(PROGRAM_GATEWAY)
install: install-program
install-program: $(PROGRAM_GATEWAY) installdirs
	$(INSTALL_PROGRAM) $(PROGRAM_GATEWAY) '$(DESTDIR)$(pkglibdir)/$(PROGRAM_GATEWAY)'
uninstall: uninstall-program
uninstall-program:
	rm -f '$(DESTDIR)$(pkglibdir)/$(PROGRAM_GATEWAY)'
else
# A fresh machine: only the targets that install PostgreSQL first can work.
all install:
	@echo "PostgreSQL's build files were not found through \"$(PG_CONFIG)\"." >&2
	@echo "Install the server's development package, run \"make setup\", or set PG_CONFIG." >&2
	@exit 1
clean:
endif

# The version is compiled in.
$(OBJS): $(EXTENSION).control

# Written only when the content differs, so that "make install" after "make" writes nothing here.
.PHONY: FORCE
$(EXTENSION)--$(EXTVERSION).sql: FORCE
	@cat /dev/null $(SQL_PARTS) > $@.new
	@if cmp -s $@.new $@; then rm -f $@.new; else mv $@.new $@; fi

.PHONY: help setup private cluster psql stop demo test test-versions bench deb dist distclean
help:
	@sed -n 's/^# target //p' Makefile

# target setup            install the Debian packages that are missing (needs root or sudo)
setup:
	@$(HARNESS)/setup

# target private          build, and install into the private copy of the server in build/pg
private: setup
	@$(HARNESS)/private

# target cluster          start a private cluster that preloads the extension
cluster: private
	@$(HARNESS)/cluster start

# target psql             open psql in the private cluster, in database DB=name
psql:
	@$(HARNESS)/cluster psql

# target stop             stop the private cluster
stop:
	@$(HARNESS)/cluster stop

# target demo             the whole way from event to ticket, with real input
demo: private
	@PG_CONFIG="$(PG_CONFIG)" test/demo/run

# target test             every test; the last line is "N passed, N failed"
test: private
	@$(HARNESS)/run

# target test-LAYER       one layer: check, unit, fuzz, regress, assert, isolation, pgtap, tap [T=test/t/001_x.pl], sanitize, threads
test-%: private
	@$(HARNESS)/run $*

# target test-versions    every test under each release of PostgreSQL, in roots of Debian's suites [VERSIONS="17 18"] [LAYERS="regress tap"] [T=...]
test-versions:
	@$(HARNESS)/versions

# target bench            figures beside their floors, from one run
bench: private
	@PG_CONFIG="$(PG_CONFIG)" test/bench/run

# target deb              Debian packages in build/deb; test-deb builds and tries them in clean systems (needs root) [MAJOR=17]
deb:
	@$(HARNESS)/deb
test-deb:
	@PG_CONFIG="$(PG_CONFIG)" test/packages/run $(MAJOR)

# target dist             the archive that PGXN takes, of what is committed: build/pg_respond-VERSION.zip
dist:
	@mkdir -p build
	git -c safe.directory="$(CURDIR)" archive --format=zip --prefix=$(EXTENSION)-$(EXTVERSION)/ \
		--output=build/$(EXTENSION)-$(EXTVERSION).zip HEAD

# target clean            remove what was built; distclean also stops and removes the private cluster
clean: clean-dependencies
clean-dependencies:
	@rm -f $(EXTENSION)--*.sql.new
distclean: clean
	@$(HARNESS)/cluster remove
