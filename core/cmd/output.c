/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/cmd/output.h"

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/cmd/screen.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

void fl_print_n(struct fl_context *context, const char *text, size_t len)
{
    while (len && !context->output_error) {
        ssize_t n = write(STDOUT_FILENO, text, len);

        if (n > 0) {
            text += n;
            len -= (size_t)n;
        } else if (n == 0 || errno != EINTR) {
            context->output_error = n == 0 ? EIO : errno;
        }
    }
}

void fl_print(struct fl_context *context, const char *text)
{
    fl_print_n(context, text, strlen(text));
}

int fl_tame(struct fl_buf *out, const char *text, size_t len)
{
    for (size_t at = 0; at < len;) {
        size_t piece = 0;
        FL_AUTO_FREE char *copy = NULL;

        while (at + piece < len && text[at + piece] &&
               text[at + piece] != '\n' && text[at + piece] != '\t')
            piece++;
        copy = strndup(text + at, piece);
        if (copy)
            fl_text_escape(out, copy);
        if (at + piece < len)
            fl_buf_putc(out, text[at + piece] ? text[at + piece] : '?');
        at += piece + 1;
    }
    return out->failed;
}

void fl_print_text(struct fl_context *context, const char *text, size_t len)
{
    FL_AUTO(fl_buf_clear) struct fl_buf out = FL_BUF(6 * len + 64);

    if (!isatty(STDOUT_FILENO)) {
        fl_print_n(context, text, len);
        return;
    }
    fl_tame(&out, text, len);
    fl_print_n(context, fl_buf_text(&out), out.len);
}

/* jansson hands over a few bytes at a time. */
struct stream {
    struct fl_context *context;
    size_t len;
    char data[64 * 1024];
};

static int stream_add(const char *data, size_t len, void *arg)
{
    struct stream *stream = arg;

    while (len) {
        size_t room = sizeof(stream->data) - stream->len;
        size_t n = len < room ? len : room;

        memcpy(stream->data + stream->len, data, n);
        stream->len += n;
        data += n;
        len -= n;
        if (stream->len == sizeof(stream->data)) {
            fl_print_n(stream->context, stream->data, stream->len);
            stream->len = 0;
        }
    }
    return stream->context->output_error ? -1 : 0;
}

/* 15 digits: 0.27 stays 0.27, and no price is rounded. */
#define DUMP_FLAGS (JSON_INDENT(2) | JSON_REAL_PRECISION(15))

static bool print_document(struct fl_context *context)
{
    struct stream *stream = malloc(sizeof(*stream));
    bool good = false;

    if (context->errors)
        fl_json_put(context->document, "errors", json_incref(context->errors));
    if (stream && !fl_json_failed()) {
        stream->context = context;
        stream->len = 0;
        good = json_dump_callback(context->document, stream_add, stream,
                                  DUMP_FLAGS) == 0 &&
               stream_add("\n", 1, stream) == 0;
        fl_print_n(context, stream->data, stream->len);
    }
    free(stream);
    return good;
}

int fl_output_end(struct fl_context *context, int status)
{
    bool good = true;

    if (context->format == FL_FORMAT_JSON && context->document)
        good = print_document(context);
    /* Some file systems tell about a full disk only now. */
    if (!context->output_error && close(STDOUT_FILENO) < 0 && errno != EBADF)
        context->output_error = errno;
    if (context->output_error)
        fl_screen_linef("fleet: standard output: %s",
                        strerror(context->output_error));
    else if (!good)
        fl_screen_linef("fleet: standard output: out of memory");
    if (status == FL_EXIT_OK && (!good || context->output_error))
        return FL_EXIT_FAILED;
    return status;
}
