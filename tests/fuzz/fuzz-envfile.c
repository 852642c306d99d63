/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/model/envfile.h"
#include "tests/fuzz/fuzz.h"

/* Whatever was read can be written so that it is read again. */
static void check_quoted(const char *value)
{
    FL_AUTO(fl_envfile_clear) struct fl_envfile file = {0};
    FL_AUTO(fl_buf_clear) struct fl_buf line = {0};
    const struct fl_env_entry *entry;

    fl_buf_init(&line, FL_ENVFILE_MAX);
    fl_buf_puts(&line, "K=");
    if (fl_envfile_quote(&line, value) == FLEET_EINVALID) {
        ALWAYS(strchr(value, '\r'));
        return;
    }
    ALWAYS(fl_envfile_parse(&file, "again", line.data, line.len, NULL, NULL) ==
           FLEET_OK);
    entry = fl_envfile_get(&file, "K");
    ALWAYS(entry && !entry->array && strcmp(entry->text, value) == 0);
}

static void check_entry(const struct fl_envfile *file,
                        const struct fl_env_entry *entry)
{
    ALWAYS(fl_env_key_valid(entry->key, strlen(entry->key)));
    ALWAYS(fl_envfile_get(file, entry->key));
    ALWAYS(entry->line >= 1);
    ALWAYS(entry->array || entry->values.n == 1);
    for (size_t i = 0; i < entry->values.n; i++) {
        ALWAYS(strlen(entry->values.at[i]) <= FL_VALUE_MAX);
        check_quoted(entry->values.at[i]);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    FL_AUTO(fl_envfile_clear) struct fl_envfile file = {0};
    struct fleet_error err = {0};
    int rc = fl_envfile_parse(&file, "f.env", (const char *)data, size,
                              "/home/me", &err);

    ALWAYS(rc == FLEET_OK || rc == FLEET_ECONFIG);
    ALWAYS(rc == FLEET_OK || strncmp(err.text, "f.env:", 6) == 0);
    ALWAYS(rc == FLEET_OK || (file.n == 0 && !file.path));
    for (size_t i = 0; i < file.n; i++)
        check_entry(&file, &file.at[i]);
    return 0;
}
