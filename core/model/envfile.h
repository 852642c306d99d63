/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_MODEL_ENVFILE_H
#define FL_MODEL_ENVFILE_H

#include "core/base/buf.h"
#include "core/base/strv.h"

#include <fleet/error.h>
#include <stdbool.h>

/* config.env as people have it (interface.md section 5): shell-like, never
 * executed. Pure: bytes in, entries out. inih splits the lines, behind a reader
 * of ours that joins what belongs together and lets no line be cut. */
#define FL_VALUE_MAX   (64 * 1024)
#define FL_KEY_MAX     100
#define FL_ENVFILE_MAX (4 * 1024 * 1024)

struct fl_env_entry {
    char *key;
    struct fl_strv values; /* one, or an array's; each already unquoted */
    /* The value, or the array's joined with newlines. A lone element that
     * could be taken for several words has a newline behind it. */
    char *text;
    bool array;
    int line; /* where the key stands; 0: in no file */
};
struct fl_envfile {
    char *path; /* as shown in errors */
    struct fl_env_entry *at;
    size_t n, size;
};

/* FILE is zeroed or cleared. The last entry of a key wins, as in a shell.
 * home: what ~ and $HOME become; NULL makes them an error.
 * FLEET_ECONFIG: "config.env:12: KEY: unclosed quote ...". */
int fl_envfile_parse(struct fl_envfile *file, const char *path,
                     const char *text, size_t len, const char *home,
                     struct fleet_error *err);
const struct fl_env_entry *fl_envfile_get(const struct fl_envfile *file,
                                          const char *key);
/* One more entry with this value, or with the values of another entry. */
int fl_envfile_add(struct fl_envfile *file, const char *key, const char *value);
int fl_envfile_add_copy(struct fl_envfile *file,
                        const struct fl_env_entry *entry);
/* Wipes the values: any of them may be a secret. */
void fl_envfile_clear(struct fl_envfile *file);
FL_CLEANUP_IN_PLACE(fl_envfile_clear, struct fl_envfile);

/* [A-Za-z_][A-Za-z0-9_]*, at most FL_KEY_MAX bytes. */
bool fl_env_key_valid(const char *key, size_t len);

/* VALUE quoted so that fl_envfile_parse and a POSIX shell both read it back.
 * FLEET_EINVALID: longer than FL_VALUE_MAX, or with a carriage return. */
int fl_envfile_quote(struct fl_buf *out, const char *value);

#endif
