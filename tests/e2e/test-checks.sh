#!/bin/sh
# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
# The checks themselves, on real pods with stand-ins for what they ask: GPUs,
# conda, a repository, a git host; and checks of the user's own.
. "${srcdir:-.}/tests/e2e/lib.sh"
. "$srcdir/tests/e2e/format-lib.sh"
requires jq sshd ssh-keygen git

cohort
cloud
succeeds fleet create apple --yes
succeeds fleet list --json
# The same machine once more, as one with GPUs that a cloud has let.
json '[.pods[] | select(.short == "apple") |
    {name: "arena-rented", id: "r-1", state: "running", ssh, gpu: "RTX A4000",
     gpus: 2, host_key}]' >"$work/pods.json"
home=$(dirname "$(grep -l '^name arena-apple$' "$work"/state/local/pods/*/pod)")
home=$home/home

# finding POD CHECK: "VERDICT DETAIL"
finding()
{
    json ".results[] | select(.name == \"arena-$1\").checks[] |
        select(.check == \"$2\") | \"\(.verdict) \(.detail)\""
}

# found DESC POD CHECK PATTERN
found()
{
    got=$(finding "$2" "$3")
    # shellcheck disable=SC2254
    case $got in
    $4) say "ok: $1" ;;
    *) fail "$1: $got" ;;
    esac
}

# smi VERSION: an nvidia-smi that knows the fields of that generation. Its GPUs
# are the lines of $work/gpus.
smi()
{
    cat >"$work/nvidia-smi" <<END
#!/bin/sh
case "\$*" in
*gpu_recovery_action*) [ $1 -ge 3 ] ;;
*clocks_event_reasons*) [ $1 -ge 2 ] ;;
*clocks_throttle_reasons*) [ $1 -ge 1 ] ;;
*-L*) sed 's/^/GPU /' "$work/gpus"; exit ;;
esac || {
    echo 'Field "x" is not a valid field to query.'
    echo
    exit 2
}
cat "$work/gpus"
exit \$(cat "$work/smi-status")
END
    chmod 755 "$work/nvidia-smi"
}
echo "CHECK_GPU_SMI=$work/nvidia-smi" >>"$FLEET_CONFIG"
echo 'NUM_GPUS=2' >>"$FLEET_CONFIG"
echo 0 >"$work/smi-status"

smi 3
cat >"$work/gpus" <<'END'
0, 16376, 1, [N/A], [N/A], [N/A], 0x0000000000000001, None, NVIDIA RTX A4000
1, 16376, 1, [N/A], [N/A], [N/A], 0x0000000000000001, None, NVIDIA RTX A4000
END
succeeds fleet test --only gpu --json
found "a new driver" rented gpu 'pass 2x NVIDIA RTX A4000'
found "no GPU was bought" apple gpu 'skip no GPU expected*'
sed -i 's/0, None,/0, Reset,/; s/1, None, /1, Reset, /' "$work/gpus"
fails_with 3 fleet test --only gpu --json
found "a GPU that needs recovery" rented gpu 'fail GPU 0 needs recovery: Reset*'
for generation in 2 1; do
    smi "$generation"
    cat >"$work/gpus" <<'END'
0, 16376, 1, N/A, N/A, N/A, 0x0000000000000000, NVIDIA RTX A4000
1, 16376, 1, N/A, N/A, N/A, 0x0000000000000000, NVIDIA RTX A4000
END
    succeeds fleet test --only gpu --json
    found "driver generation $generation" rented gpu 'pass 2x NVIDIA RTX A4000'
done
smi 0
printf '%s, 16376, 1, NVIDIA RTX A4000\n' 0 1 >"$work/gpus"
succeeds fleet test --only gpu --json
found "an old driver" rented gpu 'pass 2x NVIDIA RTX A4000'
head -n 1 "$work/gpus" >"$work/one"
mv "$work/one" "$work/gpus"
fails_with 3 fleet test --only gpu --json
found "one is missing" rented gpu 'fail 1 GPUs instead of 2'
echo 'No devices were found' >"$work/gpus"
echo 6 >"$work/smi-status"
fails_with 3 fleet test --only gpu --json
found "none at all" rented gpu 'fail nvidia-smi says: No devices were found'
printf '#!/bin/sh\nexec sleep 100\n' >"$work/nvidia-smi"
fails_with 3 fleet test --only gpu,disk --json
found "one that hangs" rented gpu 'fail nvidia-smi does not answer'
found "keeps nothing else from being found" rented disk '*GB free*'
rm "$work/nvidia-smi"
fails_with 3 fleet test --only gpu --json
found "none is there" rented gpu 'fail there is no nvidia-smi'

# python MODULE: a conda environment whose python knows that torch.
echo 'CONDA_ENV_NAME=arena-env' >>"$FLEET_CONFIG"
fails_with 3 fleet test --only torch --json
found "no environment" rented torch 'fail no conda environment is called *'
found "which a pod of this computer need not have" apple torch 'skip *'
if command -v python3 >/dev/null; then
    bin=$home/miniconda3/envs/arena-env/bin
    mkdir -p "$bin" "$work/modules"
    printf '#!/bin/sh\nPYTHONPATH=%s exec %s "$@"\n' "$work/modules" \
        "$(command -v python3)" >"$bin/python"
    chmod 755 "$bin/python"
    fails_with 1 fleet test --only torch --json
    found "no torch in it" rented torch 'fail torch cannot be imported: Mod*'
    cat >"$work/modules/torch.py" <<'END'
__version__ = '2.3.1'
class cuda:
    is_available = staticmethod(lambda: True)
    device_count = staticmethod(lambda: 2)
class arange(list):
    def __init__(self, n, device=None):
        super().__init__(range(n))
    def __add__(self, other):
        made = arange(0)
        made.extend(a + b for a, b in zip(self, other))
        return made
    def sum(self):
        return sum(self)
END
    succeeds fleet test --only torch --json
    found "torch works" rented torch 'pass torch 2.3.1 with CUDA'
    fails_with 1 fleet test --only torch --deep --json
    found "and is tested thoroughly" rented torch \
        'fail sum on GPU 0: *matmul on GPU 1: *copy from GPU 1 to 0: *NCCL*'
fi

# A repository, cloned from one here.
git init -q -b main "$work/callummcdougall/ARENA_3.0"
git -C "$work/callummcdougall/ARENA_3.0" -c user.name=a -c user.email=a@b \
    commit -q --allow-empty -m one
printf '%s\n' ARENA_REPO_OWNER=callummcdougall ARENA_REPO_NAME=ARENA_3.0 \
    >>"$FLEET_CONFIG"
fails_with 3 fleet test --only repo --json
found "no repository" rented repo 'fail the repository ARENA_3.0 is not there'
git clone -q "$work/callummcdougall/ARENA_3.0" "$home/ARENA_3.0"
succeeds fleet test --only repo --json
found "a fresh clone" apple repo 'pass commit * on main'
git -C "$home/ARENA_3.0" -c user.name=a -c user.email=a@b commit -q \
    --allow-empty -m two
succeeds fleet test --only repo --json
found "another commit" apple repo 'warn commit * is not the newest of main*'
git -C "$home/ARENA_3.0" remote set-url origin git@example.com:x/ARENA_3.0
fails_with 1 fleet test --only repo --json
found "another remote" apple repo 'fail its remote is git@example.com:x/*'

# The git host: this one, with a pod for its SSH server.
port=$(jq -r '.[0].ssh.port' "$work/pods.json")
printf '%s\n' CHECK_NET_HOST=localhost "CHECK_NET_SSH_PORT=$port" \
    "CHECK_NET_URL=http://127.0.0.1:9/" >>"$FLEET_CONFIG"
fails_with 1 fleet test --only net --json
found "nothing answers for the web" apple net 'fail no HTTPS: *'
case $(finding apple net) in
*'no SSH'*) fail "SSH answers: $(finding apple net)" ;;
esac
echo CHECK_NET_HOST=no-such-host.invalid >>"$FLEET_CONFIG"
fails_with 1 fleet test --only net --json
found "nobody knows it" apple net 'fail DNS does not know no-such-host.invalid'

# Checks of the user's own.
mkdir "$work/checks.d"
cd "$work/checks.d"
printf '#!/bin/sh\necho fine\n' >good.sh
printf '#!/bin/bash\n[[ $0 == bad ]] && echo "not $0"; exit 1\n' >bad.sh
printf 'echo so so >&2\nexit 2\n' >soso.sh
printf 'exit 7\n' >odd.sh
printf 'echo version=3\n' >facts.sh
printf 'read -r line && echo "input: $line"\n' >input.sh
printf 'exit 1\n' >not-executable.sh
printf 'exit 1\n' >no-script.txt
chmod 755 good.sh bad.sh soso.sh odd.sh facts.sh input.sh no-script.txt
cd "$work"
fails_with 1 fleet test --only good,bad,soso,odd,facts,input --json
found "status 0" apple good 'pass fine'
found "status 1, in bash" apple bad 'fail not bad'
found "status 2" apple soso 'warn so so'
found "any other status" apple odd 'fail exit status 7'
found "no input" apple input 'fail exit status 1'
equal "its facts" 3 "$(json '.results[0].checks[] |
    select(.check == "facts").facts.version')"
succeeds fleet test --only good
fails_with 2 fleet test --only not-executable
fails_with 2 fleet test --only no-script
chmod 777 "$work/checks.d/good.sh"
fails_with 4 fleet test
says good.sh
chmod 755 "$work/checks.d/good.sh"
printf '#!/usr/bin/perl\n' >"$work/checks.d/good.sh"
fails_with 2 fleet test
says "sh or bash"
mv "$work/checks.d/good.sh" "$work/checks.d/disk.sh"
fails_with 2 fleet test
says "rename it"
