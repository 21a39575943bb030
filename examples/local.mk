# examples/local.mk - programs to look at with rcprof.
EXTRA_DIST += \
	examples/README \
	examples/cycle.py \
	examples/footprint.py \
	examples/forgotten_name.py \
	examples/kept_by_closure.py \
	examples/kept_by_traceback.py \
	examples/kept_in_cache.py \
	examples/kept_in_list.py \
	examples/refcount.py \
	examples/scope.py \
	examples/weak.py
