# man/local.mk - man_pages += man/rcprof-NAME.1
