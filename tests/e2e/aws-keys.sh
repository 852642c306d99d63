#!/bin/sh
# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
#
# Where credentials for AWS come from: real files, programs and a metadata
# service, each with what goes wrong with it. Nothing of them is told.
. "${srcdir:-.}/tests/e2e/lib.sh"
. "$srcdir/tests/e2e/sim.sh"
sim_start aws --ready 0 --ssh 0 --no-ssh
sim_cohort aws
id=$AWS_ACCESS_KEY_ID secret=$AWS_SECRET_ACCESS_KEY
unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
export HOME="$work/home" AWS_EC2_METADATA_DISABLED=true
mkdir -p "$HOME/.aws"

# config TEXT, credentials TEXT: the files below ~/.aws.
config()
{
    printf '%b' "$1" >"$HOME/.aws/config"
}
credentials()
{
    printf '%b' "$1" >"$HOME/.aws/credentials"
}
keys="aws_access_key_id = $id\naws_secret_access_key = $secret\n"

# who: the key that the last request was signed with, or the role's.
asked()
{
    sim_count POST "/sts/$1"
}

### None at all

fails_with 6 fleet list
says 'no AWS credentials'
says 'aws configure'

### Files

credentials "[default]\r\n# mine\r\n${keys}[half]\naws_access_key_id = $id\n"
chmod 644 "$HOME/.aws/credentials"
succeeds fleet list
says 'chmod 600'
chmod 600 "$HOME/.aws/credentials"
succeeds fleet list
check_not 'no warning' grep -q 'chmod 600' "$err"
AWS_PROFILE=half fails_with 2 fleet list
says "profile 'half'"
AWS_PROFILE=other fails_with 2 fleet list
says "no AWS profile 'other'"
AWS_SHARED_CREDENTIALS_FILE=/nowhere fails_with 6 fleet list
config "[profile lab]\nregion = eu-central-1\n${keys}[default]\nregion = us-west-2\n"
AWS_REGION='' succeeds fleet list
AWS_REGION='' AWS_PROFILE=lab succeeds fleet list
AWS_ACCESS_KEY_ID=AKIA2 fails_with 2 fleet list
AWS_ACCESS_KEY_ID=AKIA2 AWS_SECRET_ACCESS_KEY=x AWS_PROFILE=lab \
    fails_with 6 fleet list
says 'from the environment'
cp "$FLEET_CONFIG" "$work/own.env"
echo 'AWS_PROFILE=lab' >>"$work/own.env"
AWS_ACCESS_KEY_ID=AKIA2 AWS_SECRET_ACCESS_KEY=x \
    succeeds fleet -c "$work/own.env" list
AWS_ACCESS_KEY_ID=ASIA2 AWS_SECRET_ACCESS_KEY=x fails_with 2 fleet list
says AWS_SESSION_TOKEN

### Roles

role=arn:aws:iam::123456789012:role/fleet-master
sim_forget
config "[profile a]\nrole_arn = $role\nsource_profile = default\n
[profile loop]\nrole_arn = $role\nsource_profile = pool\n
[profile pool]\nrole_arn = $role\nsource_profile = loop\n
[profile mfa]\nrole_arn = $role\nsource_profile = default\nmfa_serial = m\n
[profile no]\nrole_arn = arn:aws:iam::123456789012:role/none\n
source_profile = default\n
[profile env]\nrole_arn = $role\ncredential_source = Environment\n"
AWS_PROFILE=a succeeds fleet list
equal 'assumed' 1 "$(asked AssumeRole)"
AWS_PROFILE=loop fails_with 2 fleet list
says 'back to itself'
AWS_PROFILE=mfa fails_with 2 fleet list
says MFA
says 'aws sso login'
AWS_PROFILE=no fails_with 6 fleet list
says AccessDenied
AWS_PROFILE='env' fails_with 2 fleet list
sim_fault '{"kind": "new-token", "skip": 1}'
AWS_PROFILE=a succeeds fleet list
equal 'and again when they have expired' 4 "$(asked AssumeRole)"

### Programs

cat >"$work/give" <<END
#!/bin/sh
[ "\$2" = 'b c' ] || exit 3
echo called >>"$work/called"
echo '{"Version":1,"AccessKeyId":"$id","SecretAccessKey":"$secret"}'
END
printf '#!/bin/sh\necho "it has expired" >&2\nexit 7\n' >"$work/refuse"
printf '#!/bin/sh\necho {}\n' >"$work/empty"
chmod +x "$work/give" "$work/refuse" "$work/empty"
config "[profile good]\ncredential_process = $work/give x 'b c'
[profile bad]\ncredential_process = $work/refuse
[profile empty]\ncredential_process = $work/empty
[profile none]\ncredential_process = $work/nothing
[profile open]\ncredential_process = $work/give 'b
[profile sso]\nsso_session = s\n"
AWS_PROFILE=good succeeds fleet list
equal 'asked once' 1 "$(wc -l <"$work/called" | tr -d ' ')"
for profile in bad empty none; do
    AWS_PROFILE=$profile fails_with 6 fleet list
    says credential_process
    check_not "no secret" grep -qF "$secret" "$err"
done
AWS_PROFILE=open fails_with 2 fleet list
says 'not closed'
mkdir "$work/tools"
AWS_PROFILE=sso PATH="$work/tools:$PATH" fails_with 6 fleet list
says 'aws sso login --profile sso'
cat >"$work/tools/aws" <<END
#!/bin/sh
[ "\$*" = 'configure export-credentials --profile sso --format process' ] &&
    exec "$work/give" x 'b c'
END
chmod +x "$work/tools/aws"
AWS_PROFILE=sso PATH="$work/tools:$PATH" succeeds fleet list

### A web identity

rm "$HOME/.aws/config" "$HOME/.aws/credentials"
echo fleet-web-identity >"$work/identity"
export AWS_WEB_IDENTITY_TOKEN_FILE="$work/identity"
fails_with 2 fleet list
says AWS_ROLE_ARN
AWS_ROLE_ARN=$role succeeds fleet list
equal 'unsigned' 1 "$(asked AssumeRoleWithWebIdentity)"
echo wrong >"$work/identity"
AWS_ROLE_ARN=$role fails_with 6 fleet list
: >"$work/identity"
AWS_ROLE_ARN=$role fails_with 6 fleet list
says 'nothing in it'
unset AWS_WEB_IDENTITY_TOKEN_FILE

### Containers

sim_set '{"values": {"container_token": "open-sesame"}}'
full=$sim_url/v2/credentials/x
AWS_CONTAINER_CREDENTIALS_FULL_URI=$full fails_with 6 fleet list
says 'credentials of the container'
AWS_CONTAINER_AUTHORIZATION_TOKEN=open-sesame \
    AWS_CONTAINER_CREDENTIALS_FULL_URI=$full succeeds fleet list
echo open-sesame >"$work/token"
AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=$work/token \
    AWS_CONTAINER_CREDENTIALS_FULL_URI=$full succeeds fleet list
AWS_CONTAINER_CREDENTIALS_FULL_URI=http://192.0.2.1/x fails_with 2 fleet list
says 'plain http'

### The instance that this is

unset AWS_EC2_METADATA_DISABLED
export AWS_EC2_METADATA_SERVICE_ENDPOINT=$sim_url
succeeds fleet list
AWS_REGION='' succeeds fleet list
sim_set '{"values": {"imds_code": "AssumeRoleUnauthorizedAccess"}}'
fails_with 6 fleet list
says 'cannot assume'
sim_set '{"values": {"imds_code": "Success", "imds_role": ""}}'
fails_with 6 fleet list
sim_set '{"values": {"imds_role": "fleet-worker"}}'
sim_fault '{"kind": "drop", "match": "PUT /latest/api/token", "times": -1}'
fails_with 6 fleet list
says 'no AWS credentials'
sim_no_faults
# Keys that are about to expire are renewed, not used up.
sim_set '{"values": {"credentials_s": 2}}'
succeeds fleet list

### Nothing is told

AWS_ACCESS_KEY_ID=$id AWS_SECRET_ACCESS_KEY=$secret \
    succeeds fleet --trace=all list
for file in "$out" "$err" "$work/sim-aws.err"; do
    check_not 'no secret' grep -qF "$secret" "$file"
done
sim_stop
