/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "tests/servers/sim/inside.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)tolower((unsigned char)c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

char *sim_decode(const char *text, size_t len)
{
    char *out = sim_alloc(len + 1);
    size_t n = 0;

    for (size_t i = 0; i < len; i++) {
        bool coded = text[i] == '%' && i + 2 < len && hex(text[i + 1]) >= 0 &&
                     hex(text[i + 2]) >= 0;

        if (coded) {
            out[n++] = (char)(hex(text[i + 1]) << 4 | hex(text[i + 2]));
            i += 2;
        } else {
            out[n++] = text[i];
        }
    }
    return out;
}

char *sim_query(const struct sim_call *call, const char *name)
{
    const char *at = strchr(call->target, '?');
    size_t len = strlen(name);

    while (at) {
        const char *item = at + 1;
        size_t size = strcspn(item, "&");

        if (size > len && strncmp(item, name, len) == 0 && item[len] == '=') {
            char *plain =
                sim_format("%.*s", (int)(size - len - 1), item + len + 1);
            char *out;

            for (char *c = plain; *c; c++)
                if (*c == '+')
                    *c = ' ';
            out = sim_decode(plain, strlen(plain));
            free(plain);
            return out;
        }
        at = item[size] ? item + size : NULL;
    }
    return NULL;
}

const char *sim_bearer(const struct sim_call *call)
{
    const char *value = sim_header(call, "Authorization");

    return value && strncasecmp(value, "Bearer ", 7) == 0 ? value + 7 : NULL;
}

static void clear_body(struct sim_call *call)
{
    json_decref(call->reply);
    free(call->reply_text);
    call->reply = NULL;
    call->reply_text = NULL;
    call->type = NULL;
}

void sim_reply(struct sim_call *call, int status, json_t *body_taken)
{
    clear_body(call);
    call->status = status;
    call->reply = body_taken;
    call->type = "application/json";
}

void sim_reply_text(struct sim_call *call, int status, const char *type,
                    const char *text)
{
    clear_body(call);
    call->status = status;
    call->type = type;
    call->reply_text = text ? sim_copy(text) : NULL;
}

void sim_reply_header(struct sim_call *call, const char *name,
                      const char *format, ...)
{
    char value[512];
    va_list args;
    int i = 0;

    va_start(args, format);
    vsnprintf(value, sizeof value, format, args);
    va_end(args);
    while (i < call->headers && strcasecmp(call->header[i].name, name) != 0)
        i++;
    if (i == SIM_HEADERS)
        return;
    if (i == call->headers) {
        call->header[i].name = sim_copy(name);
        call->headers++;
    }
    free(call->header[i].value);
    call->header[i].value = sim_copy(value);
}

static void clear_args(struct sim_call *call)
{
    for (int i = 0; i < SIM_ARGS; i++) {
        free(call->arg[i]);
        call->arg[i] = NULL;
    }
}

void sim_call_clear(struct sim_call *call)
{
    clear_body(call);
    clear_args(call);
    for (int i = 0; i < call->headers; i++) {
        free(call->header[i].name);
        free(call->header[i].value);
    }
    free((char *)call->method);
    free((char *)call->wire);
    free((char *)call->target);
    free(call->path);
    free(call->text);
    json_decref(call->body);
    json_decref(call->log_entry);
    json_decref(call->faults);
    json_decref(call->fault);
}

void sim_call_rename(struct sim_call *call, char *path_taken)
{
    free((char *)call->target);
    free(call->path);
    call->target = sim_copy(path_taken);
    call->path = path_taken;
}

/* Segment by segment; {} takes one, also an empty one. */
static bool path_fits(const char *pattern, const char *path,
                      struct sim_call *call)
{
    int n = 0;

    clear_args(call);
    while (*pattern && *path) {
        size_t want = strcspn(pattern + 1, "/"), have = strcspn(path + 1, "/");

        if (want == 2 && strncmp(pattern + 1, "{}", 2) == 0 && n < SIM_ARGS)
            call->arg[n++] = sim_decode(path + 1, have);
        else if (want != have || strncmp(pattern, path, want + 1) != 0)
            return false;
        pattern += 1 + want;
        path += 1 + have;
    }
    return !*pattern && !*path;
}

static void add_allowed(char allow[128], const char *method)
{
    size_t len = strlen(allow);

    snprintf(allow + len, 128 - len, "%s%s", len ? ", " : "", method);
}

/* The route that fits; else 405 with Allow, or 404. */
static void dispatch(struct sim_call *call)
{
    const struct sim_route *route = call->sim->provider->routes;
    char allow[128] = "";

    for (; route->method; route++) {
        if (!path_fits(route->path, call->path, call))
            continue;
        if (strcmp(route->method, call->method) == 0) {
            route->run(call);
            return;
        }
        add_allowed(allow, route->method);
    }
    if (!*allow) {
        call->sim->provider->fail(call, 404, "resource not found");
        return;
    }
    call->sim->provider->fail(call, 405, "method not allowed");
    sim_reply_header(call, "Allow", "%s", allow);
}

void sim_route(struct sim_call *call)
{
    const struct sim_provider *provider = call->sim->provider;

    if (!provider->admit(call))
        return;
    if (call->too_long)
        provider->fail(call, 413, "request body too large");
    else
        dispatch(call);
    if (!call->status)
        provider->fail(call, 500, "the sim has no answer");
}
