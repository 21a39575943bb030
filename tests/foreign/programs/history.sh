#!/bin/sh
# A repository is made of the folder $1, in the current directory, packed,
# read and cloned; all dates are fixed, so that every hash is known.
set -eu
export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@example.org \
	GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@example.org \
	GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null
git init -q -b main one
cp -r "$1"/. one/
day=1
for file in $(cd one && find . -name .git -prune -o -type f -print | sort); do
	export GIT_AUTHOR_DATE="2026-01-01T00:00:$(printf %02d $day)Z"
	export GIT_COMMITTER_DATE=$GIT_AUTHOR_DATE
	git -C one add "$file"
	git -C one commit -q -m "add $file"
	day=$(((day + 1) % 60))
done
git -C one -c pack.threads=2 gc -q --aggressive
git -C one fsck --no-progress
git clone -q --no-local one two
git -C two log --stat --format='%H %s' | cat
git -C two grep -c include | cat
