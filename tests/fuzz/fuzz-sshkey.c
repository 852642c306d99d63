/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/base/text.h"
#include "core/net/sshagent.h"
#include "core/net/sshkey.h"
#include "tests/fuzz/fuzz.h"

static void check_file(const char *text)
{
    FL_AUTO(fl_buf_clear) struct fl_buf blob = FL_BUF(FL_KEY_BLOB_MAX);
    struct fleet_error err = {0};
    EVP_PKEY *pkey = NULL;
    int rc = fl_private_key_parse(text, strlen(text), &pkey, &blob, &err);

    ALWAYS(rc == FLEET_OK || rc == FLEET_ECONFIG);
    ALWAYS(rc == FLEET_OK || (*err.text && !pkey));
    ALWAYS(fl_utf8_valid(err.text, strlen(err.text)));
    EVP_PKEY_free(pkey);
}

static void check_answer(const uint8_t *data, size_t size)
{
    FL_AUTO(fl_buf_clear) struct fl_buf answer = FL_BUF(size);
    FL_AUTO(fl_buf_clear) struct fl_buf key = FL_BUF(16);
    FL_AUTO(fl_buf_clear) struct fl_buf signature = FL_BUF(4096);
    struct fleet_error err = {0};
    int rc;

    fl_buf_add(&answer, data, size);
    fl_buf_puts(&key, "key");
    fl_agent_lists(&answer, &key);
    rc = fl_agent_signature(&answer, &signature, &err);
    ALWAYS(rc == FLEET_OK || *err.text);
}

/* A private key file, and what an agent may answer. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    FL_AUTO_FREE char *text = fuzz_text(data, size, 65536);

    check_file(text);
    check_answer(data, size);
    return 0;
}
