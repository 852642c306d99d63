#!/bin/sh
# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
#
# A backup every night: one line in the crontab for each cohort, which does what
# it should in the little that cron gives it, and nobody else's line is touched.
. "${srcdir:-.}/tests/e2e/lib.sh"
requires jq
cohort 1

# A crontab of the test's own, as the real program keeps it.
cat >"$work/bin/crontab" <<'END'
#!/bin/sh
[ ! -e "$0.broken" ] || { echo 'crontab: cannot be read' >&2; exit 1; }
case $1 in
-l)
    [ -f "$0.kept" ] || { echo "no crontab for $(id -un)" >&2; exit 1; }
    cat "$0.kept" ;;
-) cat >"$0.kept" ;;
*) exit 2 ;;
esac
END
chmod 755 "$work/bin/crontab"
kept=$work/bin/crontab.kept

succeeds fleet cron show
says none
succeeds fleet cron remove --yes
check_not 'nothing was written' test -e "$kept"
fails_with 4 fleet cron install
succeeds fleet cron install --dry-run
prints '30 3 * * *'
check_not 'nothing was written' test -e "$kept"
printf 'MAILTO=me\n\n# mine\n0 1 * * * echo 100%% mine\n' >"$kept"
cp "$kept" "$work/mine"
RUNPOD_API_KEY=canary-of-mine MAX_PARALLEL=3 succeeds fleet cron install --yes
says 'MAX_PARALLEL'
check_not 'no secret' grep -q canary "$kept"
grep -v ' # fleet cron arena ' "$kept" >"$work/rest" || :
check 'the rest stays' cmp "$work/mine" "$work/rest"
cp "$kept" "$work/before"
succeeds fleet cron install --yes
says already
check 'once' cmp "$work/before" "$kept"
succeeds fleet cron install --at 2:05 --yes --json
equal 'one line' '5 2 * * *' "$(json '.lines[0][0:9]')"
equal 'and no other' 1 "$(grep -c 'fleet cron' "$kept")"
fails_with 8 fleet audit --json
equal 'an audit tells of it' 'cron fleet cron remove' \
    "$(json '.left[] | "\(.kind) \(.remedy)"')"
for bad in 24:00 3 03:60 3:5 x:00 03:300; do
    fails_with 2 fleet cron install --at "$bad" --yes
done

# Another cohort, with a path that is hard on a crontab.
mkdir "$work/it's 100% odd"
sed -e 's/=arena$/=other/' "$FLEET_CONFIG" >"$work/it's 100% odd/config.env"
echo 'BACKUP_PATHS=notes' >>"$work/it's 100% odd/config.env"
chmod 600 "$work/it's 100% odd/config.env"
succeeds fleet --config "$work/it's 100% odd/config.env" cron install --yes \
    --log "$work/it's 100% odd/log"
equal 'side by side' 2 "$(grep -c 'fleet cron' "$kept")"

# What cron makes of it: no environment, % is an end of line unless escaped.
succeeds fleet --config "$work/it's 100% odd/config.env" create -n 1 --yes
succeeds fleet --config "$work/it's 100% odd/config.env" run -- \
    'mkdir notes; echo note >notes/one'
sed -n '/fleet cron other/s/^[0-9* ]* //p' "$kept" | sed 's/\\%/%/g' >"$work/line"
check 'it runs at night' env -i HOME="$HOME" LOGNAME=me SHELL=/bin/sh \
    LD_LIBRARY_PATH="$LD_LIBRARY_PATH" sh -c "$(cat "$work/line")"
check 'and keeps a log' grep -q 'saved' "$work/it's 100% odd/log"
succeeds fleet --config "$work/it's 100% odd/config.env" list --json
check 'a backup' json '.pods[0].backup_at'
succeeds fleet --config "$work/it's 100% odd/config.env" terminate all --yes

# A crontab that cannot be read is not written.
touch "$work/bin/crontab.broken"
fails_with 1 fleet cron install --yes
says 'cannot be read'
rm "$work/bin/crontab.broken"
succeeds fleet cron remove --yes
equal 'the other one stays' 1 "$(grep -c 'fleet cron other' "$kept")"
succeeds fleet --config "$work/it's 100% odd/config.env" cron remove --yes
check 'as it was' cmp "$work/mine" "$kept"
rm "$work/bin/crontab"
if ! command -v crontab >/dev/null; then
    fails_with 1 fleet cron show
    says 'install cron'
fi
fails_with 2 fleet cron
fails_with 2 fleet cron daily
