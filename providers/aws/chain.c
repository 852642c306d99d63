/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "providers/aws/chain.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

/* A walk from profile to profile. */
struct walk {
    const struct settings *settings;
    struct chain *chain;
    const char *seen[CHAIN_ROLES];
    size_t n_seen;
};

/* *found stays false where there are none. */
static int take_keys(struct chain *chain, const char *id, const char *secret,
                     const char *token, const char *where, bool *found,
                     struct fleet_error *err)
{
    if (!id && !secret)
        return FLEET_OK;
    if (!id || !secret)
        return fleet_fail(err, FLEET_ECONFIG, "%.100s: %s is set and %s is not",
                          where,
                          id ? "AWS_ACCESS_KEY_ID" : "AWS_SECRET_ACCESS_KEY",
                          id ? "AWS_SECRET_ACCESS_KEY" : "AWS_ACCESS_KEY_ID");
    if (strncmp(id, "ASIA", 4) == 0 && !token)
        return fleet_fail(err, FLEET_ECONFIG,
                          "%.100s: a key of %.24s is a temporary one and needs "
                          "AWS_SESSION_TOKEN",
                          where, id);
    chain->source = CHAIN_KEYS;
    chain->id = id;
    chain->secret = secret;
    chain->token = token;
    *found = true;
    return FLEET_OK;
}

static int environment_keys(const struct settings *settings,
                            struct chain *chain, bool *found,
                            struct fleet_error *err)
{
    const char *token = settings_env(settings, "AWS_SESSION_TOKEN");

    if (settings->explicit_profile)
        return FLEET_OK;
    if (!token)
        token = settings_env(settings, "AWS_SECURITY_TOKEN");
    chain->expires = settings_env(settings, "AWS_CREDENTIAL_EXPIRATION");
    return take_keys(chain, settings_env(settings, "AWS_ACCESS_KEY_ID"),
                     settings_env(settings, "AWS_SECRET_ACCESS_KEY"), token,
                     "the environment", found, err);
}

static int profile_keys(struct walk *walk, const char *name,
                        const json_t *profile, bool *found,
                        struct fleet_error *err)
{
    char where[128];

    snprintf(where, sizeof(where), "AWS profile '%.80s'", name);
    walk->chain->profile = name;
    walk->chain->expires = NULL;
    return take_keys(walk->chain, api_text(profile, "aws_access_key_id"),
                     api_text(profile, "aws_secret_access_key"),
                     api_text(profile, "aws_session_token"), where, found, err);
}

static int profile_process(struct walk *walk, const char *name,
                           const json_t *profile, bool *found)
{
    const char *process = api_text(profile, "credential_process");

    if (!process)
        return FLEET_OK;
    walk->chain->source = CHAIN_PROCESS;
    walk->chain->process = process;
    walk->chain->profile = name;
    *found = true;
    return FLEET_OK;
}

/* The AWS CLI knows how to; fleet asks it. */
static int profile_sso(struct walk *walk, const char *name,
                       const json_t *profile, bool *found,
                       struct fleet_error *err)
{
    struct chain *chain = walk->chain;

    if (!api_text(profile, "sso_session") &&
        !api_text(profile, "sso_start_url") &&
        !api_text(profile, "login_session"))
        return FLEET_OK;
    if (strlen(name) > 128 || strpbrk(name, "\"'\\"))
        return fleet_fail(err, FLEET_ECONFIG,
                          "AWS profile '%.80s': not with that name", name);
    snprintf(chain->command, sizeof(chain->command),
             "aws configure export-credentials --profile '%s' --format process",
             name);
    chain->source = CHAIN_PROCESS;
    chain->process = chain->command;
    chain->sso = true;
    chain->profile = name;
    *found = true;
    return FLEET_OK;
}

static int profile_web(struct walk *walk, const char *name,
                       const json_t *profile, bool *found,
                       struct fleet_error *err)
{
    const char *file = api_text(profile, "web_identity_token_file");
    const char *role = api_text(profile, "role_arn");

    if (!file)
        return FLEET_OK;
    if (!role)
        return fleet_fail(err, FLEET_ECONFIG,
                          "AWS profile '%.80s': web_identity_token_file needs "
                          "role_arn",
                          name);
    walk->chain->source = CHAIN_WEB;
    walk->chain->token_file = file;
    walk->chain->profile = name;
    walk->chain->web = (struct chain_role){
        .arn = role, .session = api_text(profile, "role_session_name")};
    *found = true;
    return FLEET_OK;
}

static int environment_web(const struct settings *settings, struct chain *chain,
                           bool *found, struct fleet_error *err)
{
    const char *file = settings_env(settings, "AWS_WEB_IDENTITY_TOKEN_FILE");
    const char *role = settings_env(settings, "AWS_ROLE_ARN");

    if (!file || settings->explicit_profile)
        return FLEET_OK;
    if (!role)
        return fleet_fail(err, FLEET_ECONFIG,
                          "AWS_WEB_IDENTITY_TOKEN_FILE is set and AWS_ROLE_ARN "
                          "is not");
    chain->source = CHAIN_WEB;
    chain->token_file = file;
    chain->web = (struct chain_role){
        .arn = role,
        .session = settings_env(settings, "AWS_ROLE_SESSION_NAME")};
    *found = true;
    return FLEET_OK;
}

/* ---- a role by another profile ---- */

static int walk_profile(struct walk *walk, const char *name, bool keys_first,
                        bool *found, struct fleet_error *err);

static int push_role(struct walk *walk, const char *name, const json_t *profile,
                     struct fleet_error *err)
{
    struct chain *chain = walk->chain;
    int64_t seconds = 0;

    if (api_text(profile, "mfa_serial"))
        return fleet_fail(
            err, FLEET_ECONFIG,
            "AWS profile '%.80s' asks for an MFA code, which only a person can "
            "type: put temporary keys into the environment (`aws sts "
            "assume-role`), or use a profile of SSO and `aws sso login`",
            name);
    if (chain->n_roles == CHAIN_ROLES)
        return fleet_fail(err, FLEET_ECONFIG,
                          "AWS profile '%.80s': too many roles in a row", name);
    api_int(profile, "duration_seconds", &seconds);
    chain->roles[chain->n_roles++] = (struct chain_role){
        .arn = api_text(profile, "role_arn"),
        .session = api_text(profile, "role_session_name"),
        .external_id = api_text(profile, "external_id"),
        .seconds = seconds > 0 ? seconds : 0,
    };
    return FLEET_OK;
}

static int named_source(struct walk *walk, const char *name, const char *source,
                        bool *found, struct fleet_error *err)
{
    struct chain *chain = walk->chain;

    if (strcasecmp(source, "Environment") == 0) {
        int rc =
            take_keys(chain, settings_env(walk->settings, "AWS_ACCESS_KEY_ID"),
                      settings_env(walk->settings, "AWS_SECRET_ACCESS_KEY"),
                      settings_env(walk->settings, "AWS_SESSION_TOKEN"),
                      "the environment", found, err);

        if (rc < 0 || *found)
            return rc;
        return fleet_fail(err, FLEET_ECONFIG,
                          "AWS profile '%.80s': credential_source = "
                          "Environment, and AWS_ACCESS_KEY_ID is not set",
                          name);
    }
    *found = true;
    if (strcasecmp(source, "Ec2InstanceMetadata") == 0)
        chain->source = CHAIN_MACHINE;
    else if (strcasecmp(source, "EcsContainer") == 0)
        chain->source = CHAIN_CONTAINER;
    else
        return fleet_fail(err, FLEET_ECONFIG,
                          "AWS profile '%.80s': credential_source '%.40s' is "
                          "none of Environment, Ec2InstanceMetadata and "
                          "EcsContainer",
                          name, source);
    return FLEET_OK;
}

static int profile_role(struct walk *walk, const char *name,
                        const json_t *profile, bool *found,
                        struct fleet_error *err)
{
    const char *by = api_text(profile, "source_profile");
    const char *source = api_text(profile, "credential_source");
    int rc;

    if (!api_text(profile, "role_arn") ||
        api_text(profile, "web_identity_token_file"))
        return FLEET_OK;
    if (!by == !source)
        return fleet_fail(err, FLEET_ECONFIG,
                          "AWS profile '%.80s': role_arn needs %s of "
                          "source_profile and credential_source",
                          name, by ? "only one" : "one");
    rc = push_role(walk, name, profile, err);
    if (rc < 0)
        return rc;
    if (source)
        rc = named_source(walk, name, source, found, err);
    else if (strcmp(by, name) == 0)
        rc = profile_keys(walk, name, profile, found, err);
    else
        rc = walk_profile(walk, by, true, found, err);
    if (rc < 0 || *found)
        return rc;
    return fleet_fail(err, FLEET_ECONFIG,
                      "AWS profile '%.80s': its source_profile '%.80s' has no "
                      "credentials",
                      name, by);
}

static int see(struct walk *walk, const char *name, struct fleet_error *err)
{
    for (size_t i = 0; i < walk->n_seen; i++) {
        if (strcmp(walk->seen[i], name) == 0)
            return fleet_fail(err, FLEET_ECONFIG,
                              "AWS profile '%.80s': its source_profile leads "
                              "back to itself",
                              name);
    }
    if (walk->n_seen == CHAIN_ROLES)
        return fleet_fail(err, FLEET_ECONFIG,
                          "AWS profile '%.80s': too many in a row", name);
    walk->seen[walk->n_seen++] = name;
    return FLEET_OK;
}

/* What may stand in any profile, beside a role by another one. */
static int own_sources(struct walk *walk, const char *name,
                       const json_t *profile, bool *found,
                       struct fleet_error *err)
{
    int rc = profile_web(walk, name, profile, found, err);

    if (rc == FLEET_OK && !*found && walk->n_seen == 1)
        rc = environment_web(walk->settings, walk->chain, found, err);
    if (rc == FLEET_OK && !*found)
        rc = profile_sso(walk, name, profile, found, err);
    if (rc == FLEET_OK && !*found)
        rc = profile_keys(walk, name, profile, found, err);
    if (rc == FLEET_OK && !*found)
        rc = profile_process(walk, name, profile, found);
    return rc;
}

static int walk_profile(struct walk *walk, const char *name, bool keys_first,
                        bool *found, struct fleet_error *err)
{
    const json_t *profile = settings_profile(walk->settings, name);
    int rc = see(walk, name, err);

    if (rc < 0)
        return rc;
    if (!profile)
        return fleet_fail(err, FLEET_ECONFIG,
                          "there is no AWS profile '%.80s': `aws configure "
                          "list-profiles` shows those that there are",
                          name);
    if (keys_first)
        rc = profile_keys(walk, name, profile, found, err);
    if (rc == FLEET_OK && !*found)
        rc = profile_role(walk, name, profile, found, err);
    if (rc == FLEET_OK && !*found)
        rc = own_sources(walk, name, profile, found, err);
    return rc;
}

int chain_plan(const struct settings *settings, struct chain *chain,
               struct fleet_error *err)
{
    struct walk walk = {.settings = settings, .chain = chain};
    bool found = false, has_profile;
    int rc;

    *chain = (struct chain){0};
    rc = environment_keys(settings, chain, &found, err);
    has_profile =
        settings->chosen || settings_profile(settings, settings->profile);
    if (rc == FLEET_OK && !found && has_profile)
        rc = walk_profile(&walk, settings->profile, false, &found, err);
    if (rc == FLEET_OK && !found && !has_profile)
        rc = environment_web(settings, chain, &found, err);
    if (rc < 0 || found)
        return rc;
    chain->profile = NULL;
    chain->source =
        settings_env(settings, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") ||
                settings_env(settings, "AWS_CONTAINER_CREDENTIALS_FULL_URI")
            ? CHAIN_CONTAINER
            : CHAIN_MACHINE;
    return FLEET_OK;
}

void chain_text(const struct chain *chain, char out[160])
{
    static const char *const sources[] = {
        [CHAIN_KEYS] = "the environment",
        [CHAIN_PROCESS] = "credential_process",
        [CHAIN_WEB] = "the web identity",
        [CHAIN_CONTAINER] = "the container",
        [CHAIN_MACHINE] = "the instance's role",
    };

    if (chain->profile)
        snprintf(out, 160, "the AWS profile '%.120s'", chain->profile);
    else
        snprintf(out, 160, "%s", sources[chain->source]);
}

/* ---- small readers ---- */

/* One word into OUT, which has room; false: a quote is not closed. */
static bool next_word(const char **at, char *out)
{
    char quote = 0;

    for (; **at && (quote || !isspace((unsigned char)**at)); (*at)++) {
        if (**at == quote) {
            quote = 0;
        } else if (!quote && strchr("'\"", **at)) {
            quote = **at;
        } else {
            if (**at == '\\' && quote != '\'' && (*at)[1])
                (*at)++;
            *out++ = **at;
        }
    }
    *out = '\0';
    return !quote;
}

json_t *chain_words(const char *command)
{
    AUTO_FREE char *word = malloc(strlen(command) + 1);
    AUTO_JSON json_t *words = json_array();

    while (word && words) {
        command += strspn(command, " \t\r\n");
        if (!*command)
            break;
        if (!next_word(&command, word) ||
            json_array_append_new(words, json_string(word)) < 0)
            return NULL;
    }
    return word && json_array_size(words) > 0 ? json_incref(words) : NULL;
}

time_t chain_time(const char *text)
{
    struct tm utc = {0};
    const char *end = text ? strptime(text, "%Y-%m-%dT%H:%M:%S", &utc) : NULL;
    time_t when;

    if (!end)
        return 0;
    if (*end == '.')
        end += 1 + strspn(end + 1, "0123456789");
    if (strcmp(end, "Z") != 0 && strcmp(end, "+00:00") != 0 &&
        strcmp(end, "+0000") != 0)
        return 0;
    when = timegm(&utc);
    return when > 0 ? when : 0;
}

bool chain_is_near(const char *url)
{
    static const char *const near[] = {"169.254.170.2", "169.254.170.23",
                                       "[fd00:ec2::23]", "localhost", "[::1]"};
    size_t len;

    if (strncmp(url, "https://", 8) == 0)
        return true;
    if (strncmp(url, "http://", 7) != 0)
        return false;
    url += 7;
    len = *url == '[' ? strcspn(url, "]") + 1 : strcspn(url, ":/?#");
    for (size_t i = 0; i < sizeof(near) / sizeof(near[0]); i++) {
        if (strlen(near[i]) == len && strncasecmp(url, near[i], len) == 0)
            return true;
    }
    return strncmp(url, "127.", 4) == 0 && len > 4 && url[len] != '@' &&
           strspn(url, "0123456789.") == len;
}
