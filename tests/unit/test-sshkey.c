/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/net/sshkey.h"

#include "core/base/clock.h"
#include "core/base/text.h"
#include "core/net/sshagent.h"
#include "tests/unit/failalloc.h"
#include "tests/unit/scratch.h"
#include "tests/unit/sshd.h"

#include <libssh2.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>

/* Opens DIR/NAME and tells what came of it. */
static int open_in(const char *dir, const char *name, struct fl_ssh_key **key,
                   struct fleet_error *err)
{
    char *path = fl_path_join(dir, name);
    int rc = fl_ssh_key_open(path, key, err);

    free(path);
    return rc;
}

static void expect_failure(const char *dir, const char *name, const char *text)
{
    struct fl_ssh_key *key = NULL;
    struct fleet_error err = {0};
    int rc = open_in(dir, name, &key, &err);

    if (rc != FLEET_ECONFIG || !strstr(err.text, text))
        fail_msg("%s: %d %s", name, rc, err.text);
    assert_null(key);
}

static void what_ssh_keygen_makes(void **state)
{
    static const char *const types[] = {
        "ed25519",
        "ecdsa -b 256",
        "ecdsa -b 384",
        "ecdsa -b 521",
        "ecdsa -b 256 -m PEM",
        "ecdsa -b 521 -m PEM",
        "ecdsa -m PKCS8",
        "ecdsa -b 384 -m PKCS8",
        "ed25519 -C ''",
        "ed25519 -a 1 -C 'a longer comment, which moves the padding'"};

    for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++) {
        char *name = fl_format("key%zu", i), *pub = fl_format("key%zu.pub", i);
        struct fl_ssh_key *key = NULL;
        struct fleet_error err;
        char *line, *expected;

        make_key(*state, name, types[i], NULL);
        if (open_in(*state, name, &key, &err) < 0)
            fail_msg("%s: %s", types[i], err.text);
        assert_non_null(key->pkey);
        line = fl_key_line(key->blob.data, key->blob.len);
        expected = read_text(*state, pub);
        assert_memory_equal(line, expected, strlen(line));
        assert_memory_equal(key->print, "SHA256:", 7);
        fl_ssh_key_close(key);
        free(line);
        free(expected);
        free(name);
        free(pub);
    }
}

static void rsa_depends_on_libssh2(void **state)
{
    static const char *const types[] = {"rsa", "rsa -m PEM"};

    for (size_t i = 0; i < 2; i++) {
        char *name = fl_format("rsa%zu", i);
        struct fl_ssh_key *key = NULL;
        struct fleet_error err;

        make_key(*state, name, types[i], NULL);
        if (libssh2_version(0x010b00))
            assert_int_equal(open_in(*state, name, &key, &err), FLEET_OK);
        else
            expect_failure(*state, name, "ssh-keygen -t ed25519 -f ");
        fl_ssh_key_close(key);
        free(name);
    }
}

static void files_that_are_no_keys(void **state)
{
    static const struct {
        const char *name, *text, *told;
    } cases[] = {
        {"empty", "", "is no private key"},
        {"text", "hello\n", "is no private key"},
        {"endless", "-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl",
         "is no private key"},
        {"nothing",
         "-----BEGIN OPENSSH PRIVATE KEY-----\n"
         "-----END OPENSSH PRIVATE KEY-----\n",
         "is no private key"},
        {"no-base64",
         "-----BEGIN OPENSSH PRIVATE KEY-----\n!\n"
         "-----END OPENSSH PRIVATE KEY-----\n",
         "is no private key"},
        {"only-magic",
         "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEA\n"
         "-----END OPENSSH PRIVATE KEY-----\n",
         "is no private key"},
        {"pem",
         "-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----\n",
         "is no private key"},
    };
    char *path = fl_path_join(*state, "empty");

    expect_failure(*state, "missing", "No such file");
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        write_text(*state, cases[i].name, cases[i].text, 0600);
        expect_failure(*state, cases[i].name, cases[i].told);
    }
    chmod(path, 0640);
    expect_failure(*state, "empty", "chmod 600");
    make_key(*state, "key", "ed25519", NULL);
    shell("chmod 600 '%s/key.pub'", (char *)*state);
    expect_failure(*state, "key.pub", "is no private key");
    expect_failure(*state, ".", "not a regular file");
    free(path);
}

/* Curves and types that neither libssh2 nor we know. */
static void keys_that_cannot_log_in(void **state)
{
    shell("openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:secp256k1 "
          "-out '%s/koblitz' 2>/dev/null; chmod 600 '%s/koblitz'",
          (char *)*state, (char *)*state);
    expect_failure(*state, "koblitz", "libssh2 cannot log in with");
    shell("openssl genpkey -algorithm ed448 -out '%s/ed448' 2>/dev/null; "
          "chmod 600 '%s/ed448'",
          (char *)*state, (char *)*state);
    expect_failure(*state, "ed448", "libssh2 cannot log in with");
    make_key(*state, "dss", "dsa", NULL);
    expect_failure(*state, "dss", "of type ssh-dss");
}

/* Every byte of what a container holds, changed in turn: told as damaged or
 * read as the same kind of key, never worse. */
static void damaged_files(void **state)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                   "abcdefghijklmnopqrstuvwxyz0123456789+/";
    struct fl_buf text = FL_BUF(65536), blob = FL_BUF(FL_KEY_BLOB_MAX);
    char *path = fl_path_join(*state, "key");
    size_t read = 0, refused = 0;
    struct fleet_error err;

    make_key(*state, "key", "ecdsa", NULL);
    assert_int_equal(fl_file_read(path, &text, &err), FLEET_OK);
    for (size_t i = 36; i < text.len - 36; i++) {
        const char *at = strchr(alphabet, text.data[i]);
        EVP_PKEY *pkey = NULL;
        char was = text.data[i];
        int rc;

        if (!at || !*at)
            continue;
        text.data[i] = alphabet[(size_t)(at - alphabet + 1) % 64];
        rc = fl_private_key_parse(text.data, text.len, &pkey, &blob, &err);
        assert_true(rc == FLEET_OK || rc == FLEET_ECONFIG);
        *(rc == FLEET_OK ? &read : &refused) += 1;
        EVP_PKEY_free(pkey);
        text.data[i] = was;
    }
    assert_true(refused > read); /* comments and padding are not looked at */
    fl_buf_clear(&text);
    fl_buf_clear(&blob);
    free(path);
}

static void add_to_agent(const char *dir, const char *name)
{
    shell("cd '%s' && SSH_ASKPASS=./askpass SSH_ASKPASS_REQUIRE=force "
          "ssh-add -q %s </dev/null",
          dir, name);
}

static void passphrases_need_an_agent(void **state)
{
    static const char *const names[] = {"openssh", "pem"};
    struct fl_ssh_key *key = NULL;
    struct fleet_error err;
    pid_t agent;

    write_text(*state, "askpass", "#!/bin/sh\necho secret\n", 0700);
    make_key(*state, "openssh", "ed25519", "secret");
    make_key(*state, "pem", "ecdsa -m PEM", "secret");
    unsetenv("SSH_AUTH_SOCK");
    for (size_t i = 0; i < 2; i++)
        expect_failure(*state, names[i], "SSH_AUTH_SOCK is not set");
    setenv("SSH_AUTH_SOCK", "/nonexistent/agent", 1);
    expect_failure(*state, "openssh", "No such file or directory");
    agent = agent_start(*state);
    for (size_t i = 0; i < 2; i++) {
        expect_failure(*state, names[i], "does not hold this key (SHA256:");
        add_to_agent(*state, names[i]);
        if (open_in(*state, names[i], &key, &err) < 0)
            fail_msg("%s", err.text);
        assert_null(key->pkey);
        fl_ssh_key_close(key);
        key = NULL;
    }
    shell("rm '%s'/*.pub", (char *)*state);
    assert_int_equal(open_in(*state, "openssh", &key, &err), FLEET_OK);
    fl_ssh_key_close(key);
    expect_failure(*state, "pem", "make it with: ssh-keygen -y -f");
    write_text(*state, "pem.pub", "sk-ssh-ed25519@openssh.com AAAA\n", 0600);
    expect_failure(*state, "pem", "is no public key");
    write_text(*state, "pem.pub",
               "sk-ssh-ed25519@openssh.com "
               "AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29t\n",
               0600);
    expect_failure(*state, "pem", "of type sk-ssh-ed25519@openssh.com");
    agent_stop(agent);
}

#define TEXT(text_) text_, sizeof(text_) - 1

static void what_agents_answer(void **state)
{
    static const struct {
        const char *answer;
        size_t len;
        bool listed;
        const char *signature; /* NULL: none */
    } cases[] = {
        {TEXT(""), false, NULL},
        {TEXT("\5"), false, NULL},
        {TEXT("\x0c\0\0\0\1\0\0\0\3key\0\0\0\0"), true, NULL},
        {TEXT("\x0c\0\0\0\1\0\0\0\3key"), false, NULL},
        {TEXT("\x0c\0\0\0\0\0\0\0\3key\0\0\0\0"), false, NULL},
        {TEXT("\x0c\0\0\0\2\0\0\0\1x\0\0\0\1c\0\0\0\3key\0\0\0\0"), true, NULL},
        {TEXT("\x0c\xff\xff\xff\xff\0\0\0\1x\0\0\0\0"), false, NULL},
        {TEXT("\x0c\0\0\0\1\xff\xff\xff\xffkey\0\0\0\0"), false, NULL},
        {TEXT("\x0d\0\0\0\1\0\0\0\3key\0\0\0\0"), false, NULL},
        {TEXT("\x0e\0\0\0\x0c\0\0\0\1a\0\0\0\3sig"), false, "sig"},
        {TEXT("\x0e\0\0\0\x0b\0\0\0\1a\0\0\0\3sig"), false, NULL},
        {TEXT("\x0e\0\0\0\1\0\0\0\1a\0\0\0\3sig"), false, NULL},
        {TEXT("\x0e"), false, NULL},
    };
    struct fl_buf key = FL_BUF(100);

    (void)state;
    fl_buf_puts(&key, "key");
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct fl_buf answer = FL_BUF(100), signature = FL_BUF(100);
        struct fleet_error err;
        int rc;

        fl_buf_add(&answer, cases[i].answer, cases[i].len);
        if (fl_agent_lists(&answer, &key) != cases[i].listed)
            fail_msg("case %zu", i);
        rc = fl_agent_signature(&answer, &signature, &err);
        assert_int_equal(rc, cases[i].signature ? FLEET_OK : FLEET_ECONFIG);
        if (rc == FLEET_OK)
            assert_string_equal(signature.data, cases[i].signature);
        fl_buf_clear(&answer);
        fl_buf_clear(&signature);
    }
    fl_buf_clear(&key);
}

/* OpenSSL has allocations of its own, which do not fail here. */
static void short_of_memory(void *arg)
{
    struct fl_ssh_key *key = NULL;
    struct fleet_error err = {0};
    int rc = fl_ssh_key_open(arg, &key, &err);

    if (fl_test_alloc_failed())
        assert_true(rc == FLEET_ENOMEM || rc == FLEET_ECONFIG);
    else
        assert_int_equal(rc, FLEET_OK);
    fl_ssh_key_close(key);
}

static void survives_no_memory(void **state)
{
    char *path = fl_path_join(*state, "key");

    make_key(*state, "key", "ed25519", NULL);
    fl_test_each_alloc(short_of_memory, path);
    free(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCRATCH_TEST(what_ssh_keygen_makes),
        SCRATCH_TEST(rsa_depends_on_libssh2),
        SCRATCH_TEST(files_that_are_no_keys),
        SCRATCH_TEST(keys_that_cannot_log_in),
        SCRATCH_TEST(damaged_files),
        SCRATCH_TEST(passphrases_need_an_agent),
        cmocka_unit_test(what_agents_answer),
        SCRATCH_TEST(survives_no_memory),
    };

    if (!sshd_possible())
        return 77;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
