/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/net/sshcert.h"

#include "core/base/clock.h"
#include "tests/unit/failalloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* Made with ssh-keygen 9.2. */
/* clang-format off */
static const char ed25519_cert[] =
    "ssh-ed25519-cert-v01@openssh.com AAAAIHNzaC1lZDI1NTE5LWNlcnQtdjA"
    "xQG9wZW5zc2guY29tAAAAIIy8ByaKqDdejbeXnoEbJJ/7Dy8ApnBY+UzkTkdFiqz"
    "WAAAAIMjxq5+kvpjbgNXSfkpc1CrS9xwmmBjnTL2sTbNpAd9NAAAAAAAAAAAAAAA"
    "BAAAAAXgAAAAXAAAACWFkYUBhcmVuYQAAAAZzZWNvbmQAAAAAaVW5AAAAAABrNuy"
    "AAAAAAAAAAIIAAAAVcGVybWl0LVgxMS1mb3J3YXJkaW5nAAAAAAAAABdwZXJtaXQ"
    "tYWdlbnQtZm9yd2FyZGluZwAAAAAAAAAWcGVybWl0LXBvcnQtZm9yd2FyZGluZwA"
    "AAAAAAAAKcGVybWl0LXB0eQAAAAAAAAAOcGVybWl0LXVzZXItcmMAAAAAAAAAAAA"
    "AADMAAAALc3NoLWVkMjU1MTkAAAAghYy1jBlpt7pS5phQBCQYTdIoT9wruHuwM05"
    "+bVm8kkUAAABTAAAAC3NzaC1lZDI1NTE5AAAAQNAK0VoRvjwT4uH+AUWowcgq9kt"
    "BUcyOBysMJYypPVS5hgm4JVRW3522N7mfYQLJmFdXK4YjQp1x7/jx+3Ue8Qc=";
static const char ecdsa_cert[] =
    "ecdsa-sha2-nistp256-cert-v01@openssh.com AAAAKGVjZHNhLXNoYTItbml"
    "zdHAyNTYtY2VydC12MDFAb3BlbnNzaC5jb20AAAAgo/7LhS57KqFJdenGpdM5fwa"
    "8F6muBSvO86gJoDBR/K0AAAAIbmlzdHAyNTYAAABBBIqt5Q4NwpGj7WKsn8jSymE"
    "tzladMGJr75NkpkXJ47iWS8ExmJgozoCnFDmrUPPLmqV7pPHhtNSyjpMFY4PWV9M"
    "AAAAAAAAAAAAAAAEAAAABeAAAABcAAAAJYWRhQGFyZW5hAAAABnNlY29uZAAAAAB"
    "pVbkAAAAAAGs27IAAAAAAAAAAggAAABVwZXJtaXQtWDExLWZvcndhcmRpbmcAAAA"
    "AAAAAF3Blcm1pdC1hZ2VudC1mb3J3YXJkaW5nAAAAAAAAABZwZXJtaXQtcG9ydC1"
    "mb3J3YXJkaW5nAAAAAAAAAApwZXJtaXQtcHR5AAAAAAAAAA5wZXJtaXQtdXNlci1"
    "yYwAAAAAAAAAAAAAAMwAAAAtzc2gtZWQyNTUxOQAAACCFjLWMGWm3ulLmmFAEJBh"
    "N0ihP3Cu4e7AzTn5tWbySRQAAAFMAAAALc3NoLWVkMjU1MTkAAABA0czPXqrj71E"
    "UJP9FQ9mnfp3EgCW7gq2RI5JbDGPcuiyn/wnniqageKoVPoYhTcAxqmzMw6rCWR3"
    "jVAe+CIsaCg==";
static const char host_cert[] =
    "ssh-ed25519-cert-v01@openssh.com AAAAIHNzaC1lZDI1NTE5LWNlcnQtdjA"
    "xQG9wZW5zc2guY29tAAAAIM0GzNoawMeHrKX+A0PTPgytF1+Vo5NaUT7nZ9UMNWl"
    "pAAAAIKu0BgIHXZnfYviCNGDZZMII6DMR3DEobPeu3ELZkdLEAAAAAAAAAAAAAAA"
    "CAAAAAXgAAAAFAAAAAWEAAAAAAAAAAP//////////AAAAAAAAAAAAAAAAAAAAMwA"
    "AAAtzc2gtZWQyNTUxOQAAACCFjLWMGWm3ulLmmFAEJBhN0ihP3Cu4e7AzTn5tWby"
    "SRQAAAFMAAAALc3NoLWVkMjU1MTkAAABA4a7NxPoE9UOA+luggW4uT6lO1x3nD7C"
    "z4Vq5wyFzlTn3kVTRlksTNB6MURBn8zxBzrC0u4WfpfnGZlPRWEV+Dg==";
static const char ed25519[] =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMjxq5+kvpjbgNXSfkpc1CrS9xwm"
    "mBjnTL2sTbNpAd9N";
static const char ecdsa[] =
    "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAy"
    "NTYAAABBBIqt5Q4NwpGj7WKsn8jSymEtzladMGJr75NkpkXJ47iWS8ExmJgozoCn"
    "FDmrUPPLmqV7pPHhtNSyjpMFY4PWV9M=";
static const char host[] =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKu0BgIHXZnfYviCNGDZZMII6DMR"
    "3DEobPeu3ELZkdLE";
static const char ca[] =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIWMtYwZabe6UuaYUAQkGE3SKE/c"
    "K7h7sDNOfm1ZvJJF";

static const struct {
    const char *line, *key;
    bool user;
    size_t principals;
    const char *first, *after, *before;
} certs[] = {
    {ed25519_cert, ed25519, true, 2, "ada@arena", "2026-01-01T00:00:00Z",
     "2027-01-01T00:00:00Z"},
    {ecdsa_cert, ecdsa, true, 2, "ada@arena", "2026-01-01T00:00:00Z",
     "2027-01-01T00:00:00Z"},
    {host_cert, host, false, 1, "a", "1970-01-01T00:00:00Z", NULL},
};
/* clang-format on */

static void reads_certificates(void **state)
{
    char stamp[FL_STAMP_SIZE];

    (void)state;
    for (size_t i = 0; i < sizeof(certs) / sizeof(*certs); i++) {
        FL_AUTO(fl_ssh_cert_clear) struct fl_ssh_cert cert = {0};

        assert_int_equal(fl_ssh_cert_parse(certs[i].line, &cert, NULL), 0);
        assert_string_equal(cert.key, certs[i].key);
        assert_string_equal(cert.ca, ca);
        assert_int_equal(cert.user, certs[i].user);
        assert_int_equal(cert.principals.n, certs[i].principals);
        assert_string_equal(cert.principals.at[0], certs[i].first);
        fl_stamp(stamp, (time_t)cert.after);
        assert_string_equal(stamp, certs[i].after);
        fl_stamp(stamp, (time_t)cert.before);
        if (certs[i].before)
            assert_string_equal(stamp, certs[i].before);
        else
            assert_true(cert.before == INT64_MAX);
    }
}

/* Cut anywhere, and with any byte of it another one: never more than a refusal.
 */
static void survives_rubbish(void **state)
{
    char line[sizeof(ecdsa_cert)];
    struct fl_ssh_cert cert;
    struct fleet_error err;

    (void)state;
    assert_int_equal(fl_ssh_cert_parse("", &cert, &err), FLEET_EINVALID);
    assert_int_equal(fl_ssh_cert_parse(ed25519, &cert, &err), FLEET_EINVALID);
    for (size_t i = 0; i < sizeof(line) - 1; i++) {
        memcpy(line, ecdsa_cert, sizeof(line));
        line[i] = '\0';
        if (fl_ssh_cert_parse(line, &cert, &err) == 0)
            fl_ssh_cert_clear(&cert); /* all but the signature */
        memcpy(line, ecdsa_cert, sizeof(line));
        line[i] = line[i] == '/' ? 'A' : '/';
        if (fl_ssh_cert_parse(line, &cert, &err) == 0)
            fl_ssh_cert_clear(&cert);
    }
}

static void once(void *arg)
{
    FL_AUTO(fl_ssh_cert_clear) struct fl_ssh_cert cert = {0};
    int rc = fl_ssh_cert_parse(ed25519_cert, &cert, NULL);

    (void)arg;
    assert_int_equal(rc == 0, !fl_test_alloc_failed());
}

static void survives_without_memory(void **state)
{
    (void)state;
    fl_test_each_alloc(once, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_certificates),
        cmocka_unit_test(survives_rubbish),
        cmocka_unit_test(survives_without_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
