#!/bin/bash
# setup.t - scripts/install-packages: what it does on a machine where
# packages are missing.  The package tools are stand-ins that write down how
# they were called.
. "$RCPROF_SRC/tests/tap/tap.sh"

mkdir bin
cat >bin/dpkg-query <<'END'
#!/bin/sh
for last; do :; done
case " $MISSING " in
*" $last "*) exit 1 ;;
esac
printf installed
END
cat >bin/apt-get <<END
#!/bin/sh
echo "apt-get \$*" >>$tap_tmp/calls
END
cat >bin/apt-cache <<'END'
#!/bin/sh
for last; do :; done
case " $ABSENT " in
*" $last "*) exit 100 ;;
esac
END
printf '#!/bin/sh\necho $USER_ID\n' >bin/id
chmod +x bin/*
export PATH=$tap_tmp/bin:$PATH MISSING= ABSENT= USER_ID=1000
install=$RCPROF_SRC/scripts/install-packages

is "$("$install" 2>&1)" "" "nothing is missing: nothing is said"
is "$?" 0 "and that is success"

MISSING="automake zlib1g-dev"
out=$("$install" 2>&1)
is $? 1 "without root: exit status 1"
is "$out" "rcprof: some packages are missing; as root, run:
    apt-get update && apt-get install -y --no-install-recommends \
automake zlib1g-dev" "and the line that root has to run"
is "$(cat calls 2>/dev/null)" "" "and nothing was done"

is "$("$install" test 2>&1)" "" "what another set misses does not matter"

USER_ID=0
out=$("$install" build 2>&1)
is $? 0 "as root it installs"
is "$(cat calls)" "apt-get -qq update
apt-get install -y --no-install-recommends automake zlib1g-dev -qq \
-o=Dpkg::Use-Pty=0" "by apt-get, what is missing"
like "$out" 'rcprof: installing automake zlib1g-dev' "and says so"

MISSING="musl-tools libpython3.11-testsuite"
ABSENT="libpython3.11-testsuite"
rm calls
"$install" >out 2>&1
like "$(cat calls)" 'recommends musl-tools -qq' \
	"what this release does not have is left out where it is optional"

# Every line of the list is well formed.
is "$(grep -vE '^(#|$)|^(build|test|analyze|bench) +[a-z0-9.+-]+\?? +\S' \
	"$RCPROF_SRC/scripts/packages")" "" "each package has its reason"
done_testing
