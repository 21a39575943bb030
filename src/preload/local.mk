# src/preload/local.mk - see "Adding a source file" in HACKING.
hook_sources += \
	src/preload/allocators.c \
	src/preload/fork.c \
	src/preload/life.c \
	src/preload/life.h \
	src/preload/program.c \
	src/preload/settings.c \
	src/preload/summary.c \
	src/preload/wiring.c

# What the preload shows: the hooked functions, one list, and rcprof.h's.
# Without a name: a named node would make malloc@@NAME, which no program asks
# for.
preload_map = src/preload/librcprof.map
$(preload_map): src/interpose/hooks.def
	$(AM_V_GEN)$(MKDIR_P) $(@D) && { echo '{ global: rcprof_*;'; \
	  sed -n 's/^RCP_HOOK([^,]*, *\([A-Za-z0-9_]*\),.*/\1;/p' $< ; \
	  echo 'local: *; };'; } > $@-t && mv $@-t $@
CLEANFILES += $(preload_map)
