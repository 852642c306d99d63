/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/engine/podkeys.h"

#include "core/base/error.h"
#include "core/base/log.h"
#include "core/base/text.h"
#include "core/engine/onpod.h"
#include "core/model/envfile.h"
#include "core/pod/scripts.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#define OUT_MAX   (1 << 20)
#define LINES_MAX (1 << 19)
#define MOST_KEYS 1000 /* that a pod may speak of */
#define SUM_SIZE  65

static const char *const whats[] = {
    [FL_PODKEYS_PUSH] = "push",
    [FL_PODKEYS_ROTATE] = "rotate",
    [FL_PODKEYS_REMOVE] = "remove",
    [FL_PODKEYS_SHOW] = "show",
};

/* ---- a visit's own ---- */

static void keys_clear(void *own)
{
    struct fl_podkeys *keys = own;

    for (size_t i = 0; i < keys->n; i++) {
        struct fl_podkey *key = &keys->at[i];

        free(key->name);
        if (key->value)
            fl_wipe(key->value, strlen(key->value));
        free(key->value);
    }
    free(keys->at);
}

static struct fl_podkey *find(const struct fl_podkeys *keys, const char *name)
{
    for (size_t i = 0; i < keys->n; i++) {
        if (strcmp(keys->at[i].name, name) == 0)
            return &keys->at[i];
    }
    return NULL;
}

static int add(struct fl_podkeys *keys, const char *name, const char *value)
{
    struct fl_podkey *key;

    if (keys->n == keys->size) {
        size_t size = keys->size ? 2 * keys->size : 16;
        struct fl_podkey *bigger =
            reallocarray(keys->at, size, sizeof(*bigger));

        if (!bigger)
            return FLEET_ENOMEM;
        keys->at = bigger;
        keys->size = size;
    }
    key = &keys->at[keys->n++];
    *key = (struct fl_podkey){.name = strdup(name),
                              .value = value ? strdup(value) : NULL};
    return key->name && (key->value || !value) ? FLEET_OK : FLEET_ENOMEM;
}

static int begin(const void *arg, const struct fl_member *member, void *own,
                 struct fleet_error *err)
{
    const struct fl_podkeys_job *job = arg;
    const char *name = fleet_pod_get(member->pod, FLEET_POD_NAME);
    struct fl_podkeys *keys = own;
    int rc = FLEET_OK;

    keys->what = job->what;
    for (size_t i = 0; job->sheet && rc == 0 && i < job->sheet->n; i++) {
        const struct fl_keycell *cell = &job->sheet->at[i];

        if (strcmp(cell->pod, name) == 0)
            rc = add(keys, cell->key, cell->value);
    }
    for (size_t i = 0; job->names && rc == 0 && i < job->names->n; i++)
        rc = add(keys, job->names->at[i], NULL);
    return rc < 0 ? fl_enomem(err) : FLEET_OK;
}

/* ---- the script ---- */

/* A secret is in it. */
static void script_wipe(struct fl_onpod *script)
{
    if (script->text.data)
        fl_wipe(script->text.data, script->text.size);
    fl_onpod_clear(script);
}

static size_t room_for(const struct fl_podkeys *keys)
{
    size_t room = 65536;

    for (size_t i = 0; i < keys->n; i++)
        room += strlen(keys->at[i].name) +
                (keys->at[i].value ? 2 * strlen(keys->at[i].value) : 0) + 64;
    return room;
}

/* "export NAME='VALUE'" and so on. Room for all of it is there, so that no copy
 * is left behind by a buffer that grows. */
static int put_lines(const struct fl_podkeys *keys, struct fl_buf *lines,
                     struct fl_buf *names)
{
    int rc = fl_buf_reserve(lines, room_for(keys));

    for (size_t i = 0; rc == 0 && i < keys->n; i++) {
        const struct fl_podkey *key = &keys->at[i];

        fl_buf_printf(names, "%s%s", i ? " " : "", key->name);
        if (!key->value)
            continue;
        fl_buf_printf(lines, "%sexport %s=", lines->len ? "\n" : "", key->name);
        fl_shell_quote(lines, key->value);
    }
    return lines->failed ? lines->failed : names->failed;
}

static int write_script(struct fl_onpod *script, const struct fl_podkeys *keys,
                        struct fleet_error *err)
{
    FL_AUTO(fl_buf_clear) struct fl_buf names = FL_BUF(LINES_MAX);
    struct fl_buf lines = FL_BUF(LINES_MAX);
    int rc = fl_onpod_open(script, err);

    if (rc < 0)
        return rc;
    rc = put_lines(keys, &lines, &names);
    if (rc == 0)
        rc = fl_buf_reserve(&script->text, 2 * room_for(keys));
    if (rc == 0) {
        fl_onpod_set(script, "WHAT", whats[keys->what]);
        fl_onpod_set(script, "NAMES", fl_buf_text(&names));
        fl_onpod_set(script, "LINES", fl_buf_text(&lines));
        fl_onpod_set(script, "NONCE", script->word);
        fl_onpod_add(script, fl_pod_env);
    }
    if (lines.data)
        fl_wipe(lines.data, lines.size);
    fl_buf_clear(&lines);
    return rc < 0 ? fleet_fail(err, rc, "the keys are too many for one pod")
                  : FLEET_OK;
}

/* ---- what it says ---- */

struct hearing {
    struct fl_podkeys *keys;
    const char *nonce;
};

static int sum_of(const char *nonce, const char *value, char out[SUM_SIZE])
{
    unsigned char sum[EVP_MAX_MD_SIZE];
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    unsigned int n = 0;
    int good = context && EVP_DigestInit_ex(context, EVP_sha256(), NULL) == 1 &&
               EVP_DigestUpdate(context, nonce, strlen(nonce)) == 1 &&
               EVP_DigestUpdate(context, value, strlen(value)) == 1 &&
               EVP_DigestFinal_ex(context, sum, &n) == 1;

    EVP_MD_CTX_free(context);
    out[0] = '\0';
    for (unsigned int i = 0; good && i < n && 2 * i + 2 < SUM_SIZE; i++)
        snprintf(out + 2 * i, 3, "%02x", sum[i]);
    return good ? FLEET_OK : FLEET_EINTERNAL;
}

/* "NAME SUM" */
static int hear_sum(struct hearing *hearing, char *text)
{
    char *sum = strchr(text, ' '), expected[SUM_SIZE];
    struct fl_podkey *key;

    if (!sum)
        return FLEET_OK;
    *sum++ = '\0';
    key = find(hearing->keys, text);
    if (!key || !key->value)
        return FLEET_OK;
    if (sum_of(hearing->nonce, key->value, expected) < 0)
        return FLEET_EINTERNAL;
    key->proven = strcmp(sum, expected) == 0;
    return FLEET_OK;
}

/* "NAME WORD"; of those that are shown, the pod tells the names. */
static int hear_key(struct hearing *hearing, char *text)
{
    static const char *const words[] = {"set",     "changed", "already",
                                        "removed", "absent",  NULL};
    struct fl_podkeys *keys = hearing->keys;
    char *word = strchr(text, ' ');
    struct fl_podkey *key;

    if (!word)
        return FLEET_OK;
    *word++ = '\0';
    key = find(keys, text);
    if (!key && keys->what == FL_PODKEYS_SHOW && keys->n < MOST_KEYS &&
        fl_env_key_valid(text, strlen(text))) {
        if (add(keys, text, NULL) < 0)
            return FLEET_ENOMEM;
        key = &keys->at[keys->n - 1];
    }
    for (size_t i = 0; key && words[i]; i++) {
        if (strcmp(word, words[i]) == 0)
            key->word = words[i];
    }
    return FLEET_OK;
}

/* A value that the pod repeats is hidden. */
static int fail_as_told(const char *text, struct fleet_error *err)
{
    FL_AUTO(fl_buf_clear) struct fl_buf plain = FL_BUF(FL_LOG_LINE_MAX);
    FL_AUTO(fl_buf_clear) struct fl_buf shown = FL_BUF(4 * FL_LOG_LINE_MAX);

    fl_log_redact(&plain, text);
    fl_text_escape(&shown, fl_buf_text(&plain));
    return fleet_fail(err, FLEET_EREFUSED, "%.300s", fl_buf_text(&shown));
}

static int hear(void *arg, const char *key, char *text, struct fleet_error *err)
{
    struct hearing *hearing = arg;
    int rc = FLEET_OK;

    if (strcmp(key, "failed") == 0)
        return fail_as_told(text, err);
    if (strcmp(key, "sum") == 0)
        rc = hear_sum(hearing, text);
    else if (strcmp(key, "key") == 0)
        rc = hear_key(hearing, text);
    else if (strcmp(key, "read") == 0)
        hearing->keys->read = true;
    return rc < 0 ? fleet_fail(err, rc, "the pod's answer cannot be judged")
                  : FLEET_OK;
}

static int check_proofs(const struct fl_podkeys *keys, struct fleet_error *err)
{
    for (size_t i = 0; i < keys->n; i++) {
        const struct fl_podkey *key = &keys->at[i];

        if (!key->word || (key->value && !key->proven))
            return fleet_fail(err, FLEET_EINVALID,
                              "%s: a shell there does not read what was "
                              "written: is sha256sum there, and is %s set "
                              "elsewhere, too?",
                              key->name, key->name);
    }
    return FLEET_OK;
}

static int work(struct fl_visit *visit, struct fleet_error *err)
{
    struct fl_onpod script = {0};
    struct hearing hearing = {.keys = visit->own, .nonce = script.word};
    int rc;

    fl_visit_step(visit, "keys");
    rc = write_script(&script, visit->own, err);
    if (rc == 0)
        rc = fl_onpod_run(visit, &script, OUT_MAX, hear, &hearing, err);
    if (rc == 0)
        rc = check_proofs(visit->own, err);
    script_wipe(&script);
    return rc;
}

int fl_podkeys_run(const struct fl_podkeys_job *job,
                   struct fl_visit_results *results, struct fleet_error *err)
{
    static const struct fl_visit_kind kind = {
        .own_size = sizeof(struct fl_podkeys),
        .begin = begin,
        .work = work,
        .clear = keys_clear,
    };

    for (size_t i = 0; job->sheet && i < job->sheet->n; i++) {
        if (fl_log_hide(job->sheet->at[i].value) < 0)
            return fl_enomem(err);
    }
    return fl_visit_all(&job->to, &kind, job, results, err);
}
