/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/cmd/screen.h"

#include "core/base/text.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define LINE_MAX_BYTES (64 * 1024)
#define DEFAULT_WIDTH  80
#define ERASE_LINE     "\r\033[K"

/* One standard error, one status line: guarded by the mutex. */
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static char status[512];

/* Nothing can be told when standard error itself fails. */
static void put(const struct fl_buf *buf)
{
    const char *data = fl_buf_text(buf);
    size_t len = buf->len;

    while (len) {
        ssize_t n = write(STDERR_FILENO, data, len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return;
        data += n;
        len -= (size_t)n;
    }
}

/* One write per change, so that lines of other processes do not cut in. */
static void draw(const char *text, const char *ending)
{
    FL_AUTO(fl_buf_clear) struct fl_buf out = {0};

    fl_buf_init(&out, LINE_MAX_BYTES);
    pthread_mutex_lock(&mutex);
    if (status[0])
        fl_buf_puts(&out, ERASE_LINE);
    fl_text_escape(&out, text);
    fl_buf_puts(&out, ending);
    fl_buf_puts(&out, status);
    put(&out);
    pthread_mutex_unlock(&mutex);
}

void fl_screen_line(const char *text)
{
    draw(text, "\n");
}

void fl_screen_linef(const char *format, ...)
{
    FL_AUTO(fl_buf_clear) struct fl_buf text = {0};
    va_list args;

    fl_buf_init(&text, LINE_MAX_BYTES / 8);
    va_start(args, format);
    fl_buf_vprintf(&text, format, args);
    va_end(args);
    draw(fl_buf_text(&text), "\n");
}

static size_t width(void)
{
    struct winsize size = {0};
    const char *columns = getenv("COLUMNS");
    int64_t n;

    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col)
        return size.ws_col;
    if (columns && fl_parse_int(columns, 1, 10000, &n))
        return (size_t)n;
    return DEFAULT_WIDTH;
}

/* The last column stays free: a full line would wrap. */
static void cut(char *text)
{
    size_t room = width() - 1, len = strlen(text);

    while (len && fl_text_width(text) > room) {
        do
            len--;
        while (len && ((unsigned char)text[len] & 0xc0) == 0x80);
        text[len] = '\0';
    }
}

void fl_screen_status(const char *text)
{
    FL_AUTO(fl_buf_clear) struct fl_buf escaped = {0}, out = {0};

    fl_buf_init(&escaped, sizeof(status) - 1);
    fl_buf_init(&out, LINE_MAX_BYTES);
    if (text)
        fl_text_escape(&escaped, text);
    pthread_mutex_lock(&mutex);
    if (text || status[0]) {
        snprintf(status, sizeof(status), "%s", fl_buf_text(&escaped));
        cut(status);
        fl_buf_puts(&out, ERASE_LINE);
        fl_buf_puts(&out, status);
        put(&out);
    }
    pthread_mutex_unlock(&mutex);
}

void fl_screen_prompt(const char *text)
{
    draw(text, "");
}

static bool dumb(void)
{
    const char *term = getenv("TERM");

    return !term || !*term || strcmp(term, "dumb") == 0;
}

bool fl_screen_redraws(void)
{
    return isatty(STDERR_FILENO) && !dumb();
}

bool fl_color_on(const struct fl_context *context, int fd)
{
    const char *no_color = getenv("NO_COLOR");
    const char *when = context->globals.color;

    if (when && strcmp(when, "auto") != 0)
        return strcmp(when, "always") == 0;
    return isatty(fd) && !dumb() && !(no_color && *no_color);
}

void fl_screen_log(int level, const char *part, const char *text)
{
    FL_AUTO_FREE char *line = fl_format(
        "%s%s: %s", level == FLEET_LOG_WARNING ? "fleet: warning: " : "", part,
        text);

    if (line)
        fl_screen_line(line);
}
