/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/base/text.h"
#include "core/net/sshwire.h"
#include "tests/fuzz/fuzz.h"

/* A line that is accepted says the same when it is made again. */
static void check_line(const char *line)
{
    FL_AUTO(fl_buf_clear) struct fl_buf blob = FL_BUF(FL_KEY_BLOB_MAX);
    FL_AUTO_FREE char *again = NULL;
    struct fleet_error err = {0};
    int rc = fl_key_line_parse(line, &blob, &err);

    ALWAYS(rc == FLEET_OK || rc == FLEET_EINVALID);
    ALWAYS(rc == FLEET_OK || *err.text);
    ALWAYS(fl_utf8_valid(err.text, strlen(err.text)));
    if (rc < 0)
        return;
    again = fl_key_line(blob.data, blob.len);
    ALWAYS(again);
    ALWAYS(strncmp(line, again, strlen(again)) == 0);
    ALWAYS(strspn(line + strlen(again), " \t\r\n") || !line[strlen(again)]);
}

/* What a server shows may be anything. */
static void check_blob(const uint8_t *data, size_t size)
{
    FL_AUTO_FREE char *line = fl_key_line(data, size);
    char type[FL_KEY_TYPE_SIZE], print[FL_KEY_PRINT_SIZE];

    fl_key_type(data, size, type);
    fl_key_print(data, size, print);
    ALWAYS(*type && strlen(type) < sizeof(type));
    ALWAYS(strlen(print) == strlen("SHA256:") + 43);
    ALWAYS(!line || strncmp(line, type, strlen(type)) == 0);
    ALWAYS(line || *type == '?' || size > FL_KEY_BLOB_MAX);
    if (line)
        check_line(line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    FL_AUTO_FREE char *text = fuzz_text(data, size, 20000);

    check_line(text);
    check_blob(data, size);
    return 0;
}
