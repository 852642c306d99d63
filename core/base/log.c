/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/base/log.h"

#include "core/base/strv.h"
#include "core/base/text.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX (64u << 20) /* what is searched for secrets */
#define SHORTEST 6           /* shorter "secrets" are words */

/* No line above this is wanted by anybody: asked without the lock. */
static atomic_int loudest;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
/* Guarded by the lock, which also keeps lines apart in the sink. */
static fl_log_sink *to;
static int shown;
static struct fl_strv traced, secrets;

void fl_log_open(fl_log_sink *sink, int level, const char *trace_parts)
{
    pthread_mutex_lock(&lock);
    to = sink;
    shown = level;
    fl_strv_clear(&traced);
    if (trace_parts)
        fl_strv_split(&traced, trace_parts, ", ");
    atomic_store(&loudest, !sink ? 0 : traced.n ? FLEET_LOG_WIRE : level);
    pthread_mutex_unlock(&lock);
}

static bool wanted(int level, const char *part)
{
    return to && (level <= shown || fl_strv_has(&traced, part));
}

bool fl_log_on(int level, const char *part)
{
    bool on;

    if (level > atomic_load(&loudest))
        return false;
    pthread_mutex_lock(&lock);
    on = wanted(level, part);
    pthread_mutex_unlock(&lock);
    return on;
}

int fl_log_hide(const char *secret)
{
    int rc = FLEET_OK;

    if (!secret || strlen(secret) < SHORTEST)
        return FLEET_OK;
    pthread_mutex_lock(&lock);
    if (!fl_strv_has(&secrets, secret))
        rc = fl_strv_add(&secrets, secret);
    pthread_mutex_unlock(&lock);
    return rc;
}

void fl_log_close(void)
{
    pthread_mutex_lock(&lock);
    atomic_store(&loudest, 0);
    to = NULL;
    for (size_t i = 0; i < secrets.n; i++)
        fl_wipe(secrets.at[i], strlen(secrets.at[i]));
    fl_strv_clear(&secrets);
    fl_strv_clear(&traced);
    pthread_mutex_unlock(&lock);
}

/* Length of the longest secret that TEXT begins with: one may be the beginning
 * of another. */
static size_t secret_at(const char *text)
{
    size_t longest = 0;

    for (size_t i = 0; i < secrets.n; i++) {
        size_t len = strlen(secrets.at[i]);

        if (len > longest && strncmp(text, secrets.at[i], len) == 0)
            longest = len;
    }
    return longest;
}

static void redact(struct fl_buf *out, const char *text)
{
    while (*text && out->len < FL_LOG_LINE_MAX) {
        size_t len = secret_at(text);

        if (len)
            fl_buf_puts(out, "***");
        else
            fl_buf_putc(out, *text);
        text += len ? len : 1;
    }
    if (*text)
        fl_buf_puts(out, "...");
}

void fl_log_redact(struct fl_buf *out, const char *text)
{
    pthread_mutex_lock(&lock);
    redact(out, text);
    pthread_mutex_unlock(&lock);
}

/* Secrets go first: neither escaping nor cutting may leave half of one. */
static void say(int level, const char *part, const char *text)
{
    FL_AUTO(fl_buf_clear) struct fl_buf open_text = FL_BUF(SIZE_MAX);
    FL_AUTO(fl_buf_clear) struct fl_buf line = FL_BUF(SIZE_MAX);

    redact(&open_text, text);
    if (fl_text_escape(&line, fl_buf_text(&open_text)) == FLEET_OK &&
        !open_text.failed)
        to(level, part, fl_buf_text(&line));
}

void fleet_log(int level, const char *part, const char *format, ...)
{
    FL_AUTO(fl_buf_clear) struct fl_buf text = FL_BUF(TEXT_MAX);
    int saved = errno;
    va_list args;

    if (!fl_log_on(level, part))
        return;
    va_start(args, format);
    fl_buf_vprintf(&text, format, args);
    va_end(args);
    pthread_mutex_lock(&lock);
    if (wanted(level, part)) /* still */
        say(level, part,
            text.failed ? "(a line that does not fit)" : fl_buf_text(&text));
    pthread_mutex_unlock(&lock);
    errno = saved;
}
