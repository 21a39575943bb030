#!/bin/bash
# pythons.t - the interpreters that must be there for the tests to mean
# something: one as a distribution optimises it, and one plain build.
. "$RCPROF_SRC/tests/tap/tap.sh"

if [ -n "${RCPROF_PYTHONS-}" ]; then
	skip_all "RCPROF_PYTHONS names the interpreters"
fi

list=$("$RCPROF_SRC/scripts/pythons" --versions)
is $? 0 "scripts/pythons"
diag "$list"

# Debian 12 ships 3.11; elsewhere it is the distribution's own python3.
. /etc/os-release
if [ "$ID $VERSION_ID" = "debian 12" ]; then
	like "$list" $'/usr/bin/python3\\.11\t3\\.11\\.' "Debian's python3.11"
else
	like "$list" '/usr/bin/python3\.' "the distribution's python3"
fi
like "$list" $'\tplain' "a plain build (scripts/fetch-pythons gets one)"

is "$("$RCPROF_SRC/scripts/pythons")" "$(cut -f1 <<<"$list")" \
	"one path a line without --versions"
is "$(cut -f1 <<<"$list" | xargs -n1 readlink -f | sort | uniq -d)" "" \
	"each of them once"
while IFS=$'\t' read -r path version _; do
	is "$("$path" -c 'import platform as p; print(p.python_version())')" \
		"${version%%-*}" "$path is $version"
done <<<"$list"
is "$(cut -f2 <<<"$list" | sort | uniq -d)" "" "a version names one of them"
ln -s "$(cut -f1 <<<"$list" | head -n 1)" again
cp "$(readlink -f again)" copy
like "$(RCPROF_PYTHONS=$PWD/again:$PWD/copy "$RCPROF_SRC/scripts/pythons" \
	--versions | cut -f2 | xargs)" '^([0-9.]+) \1-[a-z]+$' \
	"also when there are two builds of one version"
is "$(RCPROF_PYTHONS=/bin/true:/nowhere "$RCPROF_SRC/scripts/pythons")" "" \
	"what is no Python is left out"
done_testing
