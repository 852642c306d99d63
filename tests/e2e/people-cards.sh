#!/bin/sh
# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
#
# fleet cards: what is handed out works as it says, and looks as it should in a
# real browser, on a screen and on paper.
. "${srcdir:-.}/tests/e2e/lib.sh"
. "$srcdir/tests/e2e/people-lib.sh"
requires ssh-keygen
ssh-keygen -q -t ed25519 -N '' -C bob@home -f "$work/bobs"
people_cohort apple birch cedar <<END
person,pods,key,until,email
"Zoë <i>""Z""</i> & Co's",apple cedar,,2999-12-19,zoe@example.org
Bob,birch,$(cat "$work/bobs.pub"),,
Grace,,,,
Old,apple,,2020-01-31,
END
zoe="zoe-i-z-i-cos"
succeeds fleet create apple birch --yes

# Nothing to hand out before there are certificates.
fails_with 2 fleet cards
fails_with 1 fleet cards --out "$work/cards"
says 'fleet roster apply'
succeeds fleet roster apply --yes
fails_with 1 fleet cards --out "$work/cards" grace
says 'no pods'
fails_with 1 fleet cards --out "$work/cards" old
says 'ended'
fails_with 1 fleet cards --out "$work/cards" nobody

succeeds fleet cards --out "$work/cards" --contact 'room <4>' --json
says 'arena-cedar is not there yet'
equal 'those who may get in' "[\"$zoe\",\"bob\"]" "$(jq -c '[.cards[].id]' "$out")"
zoes=$work/cards/$zoe bobs=$work/cards/bob
equal 'for its owner alone' 700 "$(stat -c %a "$zoes")"
equal 'and all in it' 600 "$(stat -c %a "$zoes"/* | sort -u)"
check 'no key of one who has his own' sh -c '! grep -rq "PRIVATE KEY" "$1"' sh "$bobs"
check 'nobody else has a card' test ! -e "$work/cards/grace" -a ! -e "$work/cards/old"
check 'names are text' sh -c '! grep -rq "<i>" "$1" --include=*.html' sh "$work/cards"
check 'in full' grep -qF 'Zoë &lt;i&gt;&quot;Z&quot;&lt;/i&gt; &amp; Co&#39;s' "$zoes/card.html"
check 'nothing is fetched' sh -c '! grep -Eq "https?:|src=|@import|url\(" "$1"' sh "$zoes/card.html"
check 'the index leads there' grep -qF "href=\"$zoe/card.html\"" "$work/cards/index.html"

# steps DIR: the commands of the card for this system but for the login, as
# they stand there.
steps()
{
    sed -n '/^macOS/,/Log in/s/^       //p' "$1/card.txt"
}

# follow DIR: does what the card says, in a home of its own. ssh takes ~ from
# the password file, so it is told where that is.
follow()
{
    rm -rf "$work/there"
    mkdir -p "$work/there/.ssh"
    printf 'Host other\n    Port 1\n' >"$work/there/.ssh/config"
    steps "$1" >"$work/steps.sh"
    (cd "$1" && HOME="$work/there" sh -eu "$work/steps.sh") ||
        fail 'the steps do not work'
    sed -i "s,~/.ssh,$work/there/.ssh,; s,^Include ,&$work/there/.ssh/," \
        "$work/there/.ssh/config" "$work/there/.ssh/arena.conf"
}

by_card()
{
    ssh -F "$work/there/.ssh/config" -n -o BatchMode=yes \
        -o KexAlgorithms=curve25519-sha256 "$@"
}

follow "$zoes"
check 'what was there is there' grep -q 'Port 1' "$work/there/.ssh/config"
equal 'she gets in as it says' hello "$(by_card arena-apple echo hello)"
fails_with 255 by_card arena-birch true
follow "$bobs"
cp "$work/bobs" "$work/there/.ssh/id_ed25519"
equal 'he with his own key' hello "$(by_card arena-birch echo hello)"

# Another machine in its place is refused.
sed -i "s|^arena-birch[^ ]* .*|arena-birch $(cut -d' ' -f1,2 "$work/bobs.pub")|" \
    "$work/there/.ssh/known_hosts.arena"
fails_with 255 by_card arena-birch true
says 'Host key verification failed'

# The configuration alone.
succeeds fleet ssh-config --person bob
prints "CertificateFile ~/.ssh/arena-bob-cert.pub"
prints 'Host arena-birch'
check_not 'only his' grep -q apple "$out"
fails_with 1 fleet ssh-config --person nobody

# With an authority for hosts, known_hosts trusts that.
succeeds fleet ca init --yes
succeeds fleet cards --out "$work/cards" bob
check 'the index still has all' grep -qF "href=\"$zoe/card.html\"" "$work/cards/index.html"
check 'the authority' grep -q '^@cert-authority arena-\* ssh-ed25519 ' "$bobs/known_hosts.arena"

# Through the proxy, or not at all where there is none.
fails_with 1 fleet cards --out "$work/cards" --proxy bob
says 'SSH_PROXY_HOST'

# ---- in a browser ----

browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome) || browser=
if [ -z "$browser" ] || ! command -v pdftotext >/dev/null; then
    say 'not looked at in a browser: no chromium, or no pdftotext, here'
    exit 0
fi
view()
{
    timeout 120 "$browser" --headless --no-sandbox --disable-gpu \
        --disable-dev-shm-usage --hide-scrollbars \
        --user-data-dir="$work/chromium" "$@" >"$work/browser.log" 2>&1 ||
        fail "the browser fails: $(tail -n 3 "$work/browser.log")"
}

view --no-pdf-header-footer --print-to-pdf="$work/card.pdf" "file://$zoes/card.html"
equal 'two sheets' 'Pages: 2' "$(pdfinfo "$work/card.pdf" | grep '^Pages' | tr -s ' ')"
pdftotext -f 1 -l 1 -layout "$work/card.pdf" "$work/first"
pdftotext -f 2 -l 2 -layout "$work/card.pdf" "$work/second"
for text in "Zoë <i>\"Z\"</i> & Co's" '19 December 2999' 'room <4>' arena-apple \
    'not there yet' 'macOS and Linux' 'Windows 10 and 11' 'Visual Studio Code' \
    'ssh arena-apple'; do
    check "on the first sheet: $text" grep -qF "$text" "$work/first"
done
for text in 'is your key' 'Host arena-apple' IdentityFile known_hosts.arena; do
    check "on the second: $text" grep -qF "$text" "$work/second"
done
view --window-size=1200,1500 --screenshot="$work/card.png" "file://$zoes/card.html"
equal 'a picture of that size' '000004b0 000005dc' \
    "$(od -A n -t x1 -j 16 -N 8 "$work/card.png" | tr -d ' \n' | sed 's/......../& /' )"
check 'and not an empty one' test "$(wc -c <"$work/card.png")" -gt 40000
