#!/bin/bash
# agree.t - the reader and the second reader, which was written from format.h
# alone, say the same of every file.
. "$RCPROF_SRC/tests/tap/tap.sh"

make=$RCPROF_BUILD/tests/reader/mkprofile
canonical=$RCPROF_BUILD/tests/reader/canonical
compare() {
	python3 "$RCPROF_SRC/tests/reader/compare.py" $clean "$canonical" "$@"
}
clean=

"$make" empty empty
"$make" sample sample
"$make" many 5000 many
"$make" week 2000 week
ok "a header only" compare empty
ok "every chunk" compare sample
ok "many sites" compare many
ok "many snapshots" compare week

mkdir random
for seed in $(seq 1 40); do "$make" random "$seed" "random/$seed"; done
ok "40 files at random" compare random/*

mkdir packed
for seed in $(seq 1 40); do "$make" packed "$seed" "packed/$seed"; done
ok "the same, packed" compare packed/*
same=0
for seed in $(seq 1 40); do
	cmp <("$canonical" "random/$seed") <("$canonical" "packed/$seed") &&
		same=$((same + 1))
done
is "$same" 40 "and they say the same"

# Cut in fifty places.
mkdir cut
size=$(stat -c %s sample)
for i in $(seq 0 49); do
	head -c $((size * i / 50)) sample > "cut/$i"
done
ok "a file cut in fifty places" compare cut/*

ok "the corpus of the fuzzer" compare "$RCPROF_SRC"/tests/fuzz/corpus/*

# Real ones, by each interpreter, threads and a fork included.
cat > app.py <<'EOF'
import json, os, threading
def load(n):
    return [json.loads('{"a": [1, 2, {"b": "%d"}]}' % i) for i in range(n)]
def work():
    global other
    other = load(2000)
keep = load(1000)
thread = threading.Thread(target=work, name='worker;"1"')
thread.start()
thread.join()
class Caf\u00e9: pass
keep += [Caf\u00e9() for i in range(1000)]
pid = os.fork()
keep += load(500)
if pid:
    os.waitpid(pid, 0)
EOF
sed -i 's/\\u00e9/é/g' app.py
clean=--clean
if [ -e "$RCPROF_BUILD/librcprof.so" ]; then
	while read -r python; do
		version=$("$python" -c 'import platform; print(platform.python_version())')
		mkdir "real-$version"
		RCPROF_MODE=exact RCPROF_OUTPUT="$PWD/real-$version/%n.%p.rcprof" \
			LD_PRELOAD=$RCPROF_BUILD/librcprof.so "$python" app.py
		ok "$version: there are profiles" \
			test -n "$(ls "real-$version")"
		ok "$version: both readers agree" compare "real-$version"/*
	done < <("$RCPROF_SRC/scripts/pythons")
fi
done_testing
