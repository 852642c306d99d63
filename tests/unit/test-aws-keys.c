/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "providers/aws/chain.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* ---- the shared files ---- */

struct file_case {
    const char *config, *credentials, *json;
};

static const struct file_case files[] = {
    {"[default]\nregion = us-east-1\n", "", /* the plainest */
     "{\"profiles\":{\"default\":{\"region\":\"us-east-1\"}}}"},
    {"\xef\xbb\xbf[profile a]\r\n  \r\nRegion=eu-west-1\r\n# x\r\n; y\r\n", "",
     "{\"profiles\":{\"a\":{\"region\":\"eu-west-1\"}}}"},
    {"[profile \"a b\"]\nx = 1 # 2\n", "",
     "{\"profiles\":{\"a b\":{\"x\":\"1 # 2\"}}}"},
    /* A section of the one is none of the other. */
    {"[a]\nx = 1\n[default]\ny = 2\n", "[a]\nz = 3\n[profile b]\nw = 4\n",
     "{\"profiles\":{\"a\":{\"z\":\"3\"},\"default\":{\"y\":\"2\"},"
     "\"profile b\":{\"w\":\"4\"}}}"},
    /* The credentials file wins. */
    {"[default]\naws_access_key_id = one\nregion = r\n",
     "[default]\naws_access_key_id = two\n",
     "{\"profiles\":{\"default\":{\"aws_access_key_id\":\"two\","
     "\"region\":\"r\"}}}"},
    /* Blocks, and what ends them. */
    {"[services s]\nec2 =\n  endpoint_url = http://a\nsts =\n\tendpoint_url = "
     "http://b\n[sso-session q]\nz = 1\n",
     "",
     "{\"services\":{\"s\":{\"ec2\":{\"endpoint_url\":\"http://a\"},\"sts\":{"
     "\"endpoint_url\":\"http://b\"}}},\"sso-session\":{\"q\":{\"z\":\"1\"}}}"},
    {"[default]\ns3 =\n  x = 1\nregion = r\n", "",
     "{\"profiles\":{\"default\":{\"region\":\"r\",\"s3\":{\"x\":\"1\"}}}}"},
    {"x = 1\n[]\ny = 2\n[profile ]\n= 3\nno pair\n[default\nz = 4\n", "", "{}"},
    {"[default]\na=b=c==\n", "",
     "{\"profiles\":{\"default\":{\"a\":\"b=c==\"}}}"},
};

static void test_files(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        json_t *got = json_object();
        char *text;

        assert_int_equal(settings_read_file(got, files[i].config, false, NULL),
                         FLEET_OK);
        assert_int_equal(
            settings_read_file(got, files[i].credentials, true, NULL),
            FLEET_OK);
        text = json_dumps(got, JSON_COMPACT | JSON_SORT_KEYS);
        assert_string_equal(text, files[i].json);
        free(text);
        json_decref(got);
    }
}

/* ---- which source counts ---- */

struct chain_case {
    const char *env, *profile; /* profile NULL: nobody has chosen one */
    const char *config, *credentials;
    int code;
    const char *told; /* what came of it, or a part of the error */
};

#define KEYS(id_)  "aws_access_key_id=" id_ "\naws_secret_access_key=s-" id_ "\n"
#define ROLE(arn_) "role_arn=arn:" arn_ "\n"

static const struct chain_case chains[] = {
    {"{\"AWS_ACCESS_KEY_ID\":\"AKIA1\",\"AWS_SECRET_ACCESS_KEY\":\"s\"}", NULL,
     "", "[default]\n" KEYS("AKIA2"), 0, "0 AKIA1 s - -"},
    {"{\"AWS_ACCESS_KEY_ID\":\"ASIA1\",\"AWS_SECRET_ACCESS_KEY\":\"s\","
     "\"AWS_SECURITY_TOKEN\":\"t\"}",
     NULL, "", "", 0, "0 ASIA1 s t -"},
    {"{\"AWS_ACCESS_KEY_ID\":\"ASIA1\",\"AWS_SECRET_ACCESS_KEY\":\"s\"}", NULL,
     "", "", FLEET_ECONFIG, "AWS_SESSION_TOKEN"},
    {"{\"AWS_ACCESS_KEY_ID\":\"AKIA1\"}", NULL, "", "[default]\n" KEYS("AKIA2"),
     FLEET_ECONFIG, "AWS_SECRET_ACCESS_KEY is not"},
    {"{\"AWS_SECRET_ACCESS_KEY\":\"s\"}", NULL, "", "", FLEET_ECONFIG,
     "AWS_ACCESS_KEY_ID is not"},
    {"{}", NULL, "", "[default]\n" KEYS("AKIA2"), 0,
     "0 AKIA2 s-AKIA2 - "
     "default"},
    {"{}", NULL, "[default]\n" KEYS("AKIA3"), "", 0,
     "0 AKIA3 s-AKIA3 - "
     "default"},
    {"{}", "none", "[profile some]\n", "", FLEET_ECONFIG,
     "no AWS profile 'none'"},
    {"{}", "a", "[profile a]\naws_access_key_id=AKIA1\n", "", FLEET_ECONFIG,
     "'a'"},
    {"{}", "a", "[profile a]\ncredential_process=/bin/x y\n", "", 0,
     "1 /bin/x y a"},
    {"{}", "a", "[profile a]\ncredential_process=x\n", "[a]\n" KEYS("AKIA1"), 0,
     "0 AKIA1 s-AKIA1 - a"},
    {"{}", "a", "[profile a]\nsso_session=s\n", "", 0,
     "1 aws configure export-credentials --profile 'a' --format process a"},
    /* Roles, from the last one. */
    {"{}", "a", "[profile a]\nsource_profile=b\n" ROLE("A"),
     "[b]\n" KEYS("AKIA1"), 0, "0 AKIA1 s-AKIA1 - b arn:A"},
    {"{}", "a",
     "[profile a]\nsource_profile=b\nexternal_id=x\n" ROLE(
         "A") "[profile b]\nsource_profile=c\n" ROLE("B") "[profile "
                                                          "c]\ncredential_"
                                                          "process=p\n",
     "", 0, "1 p c arn:A arn:B"},
    {"{}", "a", "[profile a]\nsource_profile=a\n" ROLE("A"),
     "[a]\n" KEYS("AKIA1"), 0, "0 AKIA1 s-AKIA1 - a arn:A"},
    {"{}", "a", "[profile a]\nsource_profile=a\n" ROLE("A"), "", FLEET_ECONFIG,
     "no credentials"},
    {"{}", "a",
     "[profile a]\nsource_profile=b\n" ROLE(
         "A") "[profile b]\nsource_profile=a\n" ROLE("B"),
     "", FLEET_ECONFIG, "back to itself"},
    /* Keys of a source win over its own role. */
    {"{}", "a",
     "[profile a]\nsource_profile=b\n" ROLE(
         "A") "[profile b]\nsource_profile=c\n" ROLE("B"),
     "[b]\n" KEYS("AKIA1"), 0, "0 AKIA1 s-AKIA1 - b arn:A"},
    {"{}", "a", "[profile a]\n" ROLE("A"), "", FLEET_ECONFIG, "needs one of"},
    {"{}", "a",
     "[profile a]\nsource_profile=b\ncredential_source=Environment\n" ROLE("A"),
     "", FLEET_ECONFIG, "only one"},
    {"{}", "a", "[profile a]\nsource_profile=b\n" ROLE("A"), "", FLEET_ECONFIG,
     "no AWS profile 'b'"},
    {"{}", "a",
     "[profile a]\ncredential_source=Ec2InstanceMetadata\n" ROLE("A"), "", 0,
     "4 - arn:A"},
    {"{}", "a", "[profile a]\ncredential_source=EcsContainer\n" ROLE("A"), "",
     0, "3 - arn:A"},
    {"{}", "a", "[profile a]\ncredential_source=Environment\n" ROLE("A"), "",
     FLEET_ECONFIG, "AWS_ACCESS_KEY_ID is not set"},
    {"{}", "a", "[profile a]\ncredential_source=Moon\n" ROLE("A"), "",
     FLEET_ECONFIG, "'Moon'"},
    {"{}", "a", "[profile a]\nsource_profile=b\nmfa_serial=x\n" ROLE("A"),
     "[b]\n" KEYS("AKIA1"), FLEET_ECONFIG, "MFA"},
    /* The web's identity. */
    {"{}", "a", "[profile a]\nweb_identity_token_file=/f\n" ROLE("A"), "", 0,
     "2 /f arn:A a"},
    {"{}", "a", "[profile a]\nweb_identity_token_file=/f\n", "", FLEET_ECONFIG,
     "role_arn"},
    {"{\"AWS_WEB_IDENTITY_TOKEN_FILE\":\"/f\",\"AWS_ROLE_ARN\":\"arn:A\"}",
     NULL, "", "", 0, "2 /f arn:A -"},
    {"{\"AWS_WEB_IDENTITY_TOKEN_FILE\":\"/f\",\"AWS_ROLE_ARN\":\"arn:A\"}",
     NULL, "", "[default]\n" KEYS("AKIA1"), 0, "2 /f arn:A -"},
    {"{\"AWS_WEB_IDENTITY_TOKEN_FILE\":\"/f\"}", NULL, "", "", FLEET_ECONFIG,
     "AWS_ROLE_ARN"},
    /* The last resorts. */
    {"{\"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI\":\"/x\"}", NULL, "", "", 0,
     "3 -"},
    {"{}", NULL, "", "", 0, "4 -"},
    {"{}", NULL, "[default]\nregion=r\n", "", 0, "4 -"},
};

static const char *or_dash(const char *text)
{
    return text ? text : "-";
}

static void tell(const struct chain *chain, char out[512])
{
    int len = snprintf(out, 512, "%d ", (int)chain->source);

    if (chain->source == CHAIN_KEYS)
        len += snprintf(out + len, 512 - (size_t)len, "%s %s %s ", chain->id,
                        chain->secret, or_dash(chain->token));
    if (chain->source == CHAIN_PROCESS)
        len += snprintf(out + len, 512 - (size_t)len, "%s ", chain->process);
    if (chain->source == CHAIN_WEB)
        len += snprintf(out + len, 512 - (size_t)len, "%s %s ",
                        chain->token_file, chain->web.arn);
    len +=
        snprintf(out + len, 512 - (size_t)len, "%s", or_dash(chain->profile));
    for (size_t i = 0; i < chain->n_roles; i++)
        len +=
            snprintf(out + len, 512 - (size_t)len, " %s", chain->roles[i].arn);
}

static void check_chain(const struct chain_case *c)
{
    struct settings settings = {.env = json_loads(c->env, 0, NULL),
                                .files = json_object(),
                                .profile = c->profile ? c->profile : "default",
                                .chosen = c->profile != NULL};
    struct fleet_error err = {0};
    struct chain chain;
    char told[512];
    int rc;

    settings_read_file(settings.files, c->config, false, NULL);
    settings_read_file(settings.files, c->credentials, true, NULL);
    rc = chain_plan(&settings, &chain, &err);
    if (rc != c->code)
        fail_msg("%d: %s %s: %s", rc, c->config, c->credentials, err.text);
    if (rc == FLEET_OK) {
        tell(&chain, told);
        assert_string_equal(told, c->told);
    } else if (!strstr(err.text, c->told)) {
        fail_msg("'%s' does not say '%s'", err.text, c->told);
    }
    assert_null(strstr(err.text, "s-AKIA"));
    json_decref(settings.env);
    json_decref(settings.files);
}

static void test_chains(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(chains) / sizeof(chains[0]); i++)
        check_chain(&chains[i]);
}

/* A profile that fleet's own configuration names beats keys around it. */
static void test_explicit_profile(void **state)
{
    struct settings settings = {
        .env = json_loads("{\"AWS_ACCESS_KEY_ID\":\"AKIA1\","
                          "\"AWS_SECRET_ACCESS_KEY\":\"s\"}",
                          0, NULL),
        .files = json_object(),
        .profile = "a",
        .chosen = true,
        .explicit_profile = true};
    struct chain chain;

    (void)state;
    settings_read_file(settings.files, "[a]\n" KEYS("AKIA2"), true, NULL);
    assert_int_equal(chain_plan(&settings, &chain, NULL), FLEET_OK);
    assert_string_equal(chain.id, "AKIA2");
    json_decref(settings.env);
    json_decref(settings.files);
}

/* ---- small readers ---- */

static void test_words(void **state)
{
    static const struct {
        const char *command, *json;
    } rows[] = {
        {"/bin/x y", "[\"/bin/x\",\"y\"]"},
        {" a  'b c' \"d \\\"e\" f\\ g ", "[\"a\",\"b c\",\"d \\\"e\",\"f g\"]"},
        {"a '' $HOME", "[\"a\",\"\",\"$HOME\"]"},
        {"a 'b\\c'", "[\"a\",\"b\\\\c\"]"},
        {"a 'b", NULL},
        {"  ", NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        json_t *words = chain_words(rows[i].command);
        char *text = words ? json_dumps(words, JSON_COMPACT) : NULL;

        if (rows[i].json)
            assert_string_equal(text, rows[i].json);
        else
            assert_null(text);
        free(text);
        json_decref(words);
    }
}

static void test_times(void **state)
{
    (void)state;
    assert_int_equal(chain_time("2026-01-02T03:04:05Z"), 1767323045);
    assert_int_equal(chain_time("2026-01-02T03:04:05.123Z"), 1767323045);
    assert_int_equal(chain_time("2026-01-02T03:04:05+00:00"), 1767323045);
    assert_int_equal(chain_time("2026-01-02T03:04:05+02:00"), 0);
    assert_int_equal(chain_time("tomorrow"), 0);
    assert_int_equal(chain_time(NULL), 0);
}

static void test_near(void **state)
{
    (void)state;
    assert_true(chain_is_near("https://anywhere.example/x"));
    assert_true(chain_is_near("http://169.254.170.2/v2"));
    assert_true(chain_is_near("http://169.254.170.23:80/v1"));
    assert_true(chain_is_near("http://[fd00:ec2::23]/v1"));
    assert_true(chain_is_near("http://localhost:1234/x"));
    assert_true(chain_is_near("http://127.0.0.1:1234/x"));
    assert_false(chain_is_near("http://127.evil.example/x"));
    assert_false(chain_is_near("http://169.254.170.24/x"));
    assert_false(chain_is_near("http://169.254.169.254/x"));
    assert_false(chain_is_near("http://10.0.0.1/x"));
    assert_false(chain_is_near("http://localhost@evil.example/x"));
    assert_false(chain_is_near("ftp://127.0.0.1/x"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_files), cmocka_unit_test(test_chains),
        cmocka_unit_test(test_words), cmocka_unit_test(test_explicit_profile),
        cmocka_unit_test(test_times), cmocka_unit_test(test_near),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
