# src/record/local.mk - see "Adding a source file" in HACKING.
preload_sources += \
	src/record/birth_hot.h \
	src/record/cascade.c \
	src/record/cascade.h \
	src/record/garbage.c \
	src/record/garbage.h \
	src/record/hot.h \
	src/record/mappings.c \
	src/record/mappings.h \
	src/record/object.c \
	src/record/object.h \
	src/record/object_freed.c \
	src/record/object_hot.h \
	src/record/object_collector.c \
	src/record/object_internal.h \
	src/record/object_sample.c \
	src/record/record.c \
	src/record/record.h \
	src/record/rate.c \
	src/record/rate.h \
	src/record/sample.c \
	src/record/sample.h \
	src/record/sampler.c \
	src/record/sampler.h \
	src/record/settings.c \
	src/record/settings.h \
	src/record/thread.c \
	src/record/thread.h \
	src/record/tick.c \
	src/record/tick.h
