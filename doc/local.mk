# doc/ holds only what is shipped.
EXTRA_DIST += doc
