# tests/fuzz/local.mk - the reader under libFuzzer.
#
#	make fuzz                       five minutes, into tests/fuzz/corpus
#	make fuzz FUZZ_SECONDS=3600
#
# What it finds (crash-*, leak-*, timeout-*) is left in the build directory:
# mend it and add the file to the corpus, which corpus.t replays.
test_scripts += tests/fuzz/corpus.t
EXTRA_DIST += tests/fuzz/fuzz_reader.c tests/fuzz/corpus tests/fuzz/without

FUZZ_CC = clang
FUZZ_SECONDS = 300
.PHONY: fuzz
fuzz: fuzz_reader
	$(AM_V_at)$(MKDIR_P) fuzz-found
	./fuzz_reader -max_total_time=$(FUZZ_SECONDS) -max_len=65536 \
		-timeout=10 -rss_limit_mb=2048 fuzz-found \
		$(srcdir)/tests/fuzz/corpus
fuzz_reader: tests/fuzz/fuzz_reader.c $(shared_sources) $(offline_sources)
	$(AM_V_CC)$(FUZZ_CC) -std=gnu11 $(AM_CPPFLAGS) -g -O1 \
		-fsanitize=fuzzer,address,undefined \
		-fno-sanitize-recover=undefined \
		$(srcdir)/tests/fuzz/fuzz_reader.c \
		`ls $(srcdir)/src/model/*.c $(srcdir)/src/format/*.c \
		    $(srcdir)/src/base/own.c | \
		grep -Evf $(srcdir)/tests/fuzz/without` -lm -o $@
CLEANFILES += fuzz_reader
