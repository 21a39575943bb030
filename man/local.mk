# man/local.mk - a page for the command and one for each subcommand.
man_pages += \
	man/rcprof-cycles.1 \
	man/rcprof-doctor.1 \
	man/rcprof-dump.1 \
	man/rcprof-list.1 \
	man/rcprof-objects.1 \
	man/rcprof-report.1 \
	man/rcprof-run.1 \
	man/rcprof-timeline.1 \
	man/rcprof-tree.1 \
	man/rcprof.1
