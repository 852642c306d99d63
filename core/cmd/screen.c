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

#define LINE_MAX_BYTES   (128 * 1024)
#define BOTTOM_MAX_BYTES (64 * 1024)
#define STATUS_MAX_BYTES 512
#define DEFAULT_WIDTH    80
#define DEFAULT_HEIGHT   24
#define ERASE_LINE       "\r\033[K"
#define ERASE_ABOVE      "\033[A\033[K"

/* One standard error, and what stands at its bottom (a status line or a board):
 * guarded by the mutex. */
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static char bottom[BOTTOM_MAX_BYTES];
static size_t bottom_rows;

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

static void erase_bottom(struct fl_buf *out)
{
    if (bottom_rows > 0)
        fl_buf_puts(out, ERASE_LINE);
    for (size_t i = 1; i < bottom_rows; i++)
        fl_buf_puts(out, ERASE_ABOVE);
}

/* One write per change, so that lines of other processes do not cut in. */
static void draw(const char *text, const char *ending)
{
    FL_AUTO(fl_buf_clear) struct fl_buf out = {0};

    fl_buf_init(&out, LINE_MAX_BYTES);
    pthread_mutex_lock(&mutex);
    erase_bottom(&out);
    fl_text_escape(&out, text);
    fl_buf_puts(&out, ending);
    fl_buf_puts(&out, bottom);
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

static size_t from_environment(const char *name, size_t fallback)
{
    const char *text = getenv(name);
    int64_t n;

    return text && fl_parse_int(text, 1, 10000, &n) ? (size_t)n : fallback;
}

void fl_screen_size(size_t *columns, size_t *rows)
{
    struct winsize size = {0};

    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) < 0)
        size = (struct winsize){0};
    *columns =
        size.ws_col ? size.ws_col : from_environment("COLUMNS", DEFAULT_WIDTH);
    *rows =
        size.ws_row ? size.ws_row : from_environment("LINES", DEFAULT_HEIGHT);
}

/* The last column stays free: a full line would wrap. */
static void cut(char *text)
{
    size_t columns, rows, len = strlen(text);

    fl_screen_size(&columns, &rows);
    while (len && fl_text_width(text) > columns - 1) {
        do
            len--;
        while (len && ((unsigned char)text[len] & 0xc0) == 0x80);
        text[len] = '\0';
    }
}

static void set_bottom(const char *text, size_t rows)
{
    FL_AUTO(fl_buf_clear) struct fl_buf out = {0};

    fl_buf_init(&out, LINE_MAX_BYTES);
    pthread_mutex_lock(&mutex);
    erase_bottom(&out);
    snprintf(bottom, sizeof(bottom), "%s", text);
    bottom_rows = rows;
    fl_buf_puts(&out, bottom);
    put(&out);
    pthread_mutex_unlock(&mutex);
}

void fl_screen_status(const char *text)
{
    FL_AUTO(fl_buf_clear) struct fl_buf escaped = {0};
    char line[STATUS_MAX_BYTES];

    fl_buf_init(&escaped, sizeof(line) - 1);
    if (text)
        fl_text_escape(&escaped, text);
    snprintf(line, sizeof(line), "%s", fl_buf_text(&escaped));
    cut(line);
    set_bottom(line, text ? 1 : 0);
}

void fl_screen_board(const char *text)
{
    size_t rows = 1;

    for (const char *at = text; *at; at++)
        rows += *at == '\n';
    if (strlen(text) < sizeof(bottom))
        set_bottom(text, rows);
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
