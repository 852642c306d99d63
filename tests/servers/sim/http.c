/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "tests/servers/sim/inside.h"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* Requests in, replies out, one thread a connection; and every way in which an
 * answer can fail to arrive. */

enum {
    BODY_MAX = 4 * 1024 * 1024,
    CONNECTIONS = 2000,
    STACK = 1024 * 1024,
    IDLE_S = 120
};

struct sim_http {
    struct MHD_Daemon *daemon;
};

const char *sim_header(const struct sim_call *call, const char *name)
{
    return MHD_lookup_connection_value(call->connection, MHD_HEADER_KIND, name);
}

struct header_teller {
    void (*tell)(void *arg, const char *name, const char *value);
    void *arg;
};

static enum MHD_Result tell_header(void *arg, enum MHD_ValueKind kind,
                                   const char *name, const char *value)
{
    const struct header_teller *teller = arg;

    (void)kind;
    teller->tell(teller->arg, name, value ? value : "");
    return MHD_YES;
}

void sim_each_header(const struct sim_call *call,
                     void (*tell)(void *arg, const char *name,
                                  const char *value),
                     void *arg)
{
    struct header_teller teller = {tell, arg};

    MHD_get_connection_values(call->connection, MHD_HEADER_KIND, tell_header,
                              &teller);
}

/* --- what becomes of an answer ------------------------------------------ */

enum fate { ANSWERED, DROPPED };

static int socket_of(const struct sim_call *call)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(
        call->connection, MHD_CONNECTION_INFO_CONNECTION_FD);

    return info ? info->connect_fd : -1;
}

/* An RST at once: on Linux that is what dissolving a connection sends. */
static void reset_connection(const struct sim_call *call)
{
    struct sockaddr none = {.sa_family = AF_UNSPEC};

    (void)!connect(socket_of(call), &none, sizeof none);
}

static void hang(struct sim_call *call)
{
    struct pollfd at = {.fd = socket_of(call), .events = POLLRDHUP};

    while (poll(&at, 1, 20) == 0 && !sim_stopping(call->sim))
        ;
}

/* A body that does not come as announced. */
struct trickle {
    struct sim *sim;
    char *text;
    size_t len, until; /* ends there, with an error when that is not len */
    int64_t pause_ms;
    size_t step;
};

static void trickle_free(void *arg)
{
    struct trickle *trickle = arg;

    free(trickle->text);
    free(trickle);
}

static ssize_t trickle_read(void *arg, uint64_t position, char *out, size_t max)
{
    const struct trickle *trickle = arg;
    size_t left =
        position < trickle->until ? trickle->until - (size_t)position : 0;
    size_t n = left < trickle->step ? left : trickle->step;

    if (n > max)
        n = max;
    if (n == 0)
        return trickle->until < trickle->len ? MHD_CONTENT_READER_END_WITH_ERROR
                                             : MHD_CONTENT_READER_END_OF_STREAM;
    if (trickle->pause_ms && !sim_sleep(trickle->sim, trickle->pause_ms))
        return MHD_CONTENT_READER_END_WITH_ERROR;
    memcpy(out, trickle->text + position, n);
    return (ssize_t)n;
}

static struct MHD_Response *trickle_response(struct sim_call *call, char *text,
                                             size_t len)
{
    const json_t *fault = call->fault;
    bool cut = strcmp(sim_text(fault, "kind", ""), "truncate") == 0;
    struct trickle *trickle = sim_alloc(sizeof *trickle);
    size_t bytes = (size_t)sim_number(fault, "bytes", 0);

    trickle->sim = call->sim;
    trickle->text = text;
    trickle->len = len;
    trickle->until = !cut ? len : bytes && bytes < len ? bytes : len / 2;
    trickle->pause_ms = cut ? 0 : sim_number(fault, "ms", 50);
    trickle->step = cut || !bytes ? (cut ? len : 16) : bytes;
    return MHD_create_response_from_callback(len, 4096, trickle_read, trickle,
                                             trickle_free);
}

static bool trickles(const struct sim_call *call)
{
    const char *kind = call->fault ? sim_text(call->fault, "kind", "") : "";

    return strcmp(kind, "truncate") == 0 || strcmp(kind, "drip") == 0;
}

/* The body as text, the caller's. The lock is held: it may share values. */
static char *render(struct sim_call *call)
{
    char *(*own)(const struct sim_call *) = call->sim->provider->render;
    char *text = own && call->reply ? own(call) : NULL;

    if (text)
        return text;
    if (call->reply) {
        text = json_dumps(call->reply, JSON_COMPACT | JSON_ENCODE_ANY |
                                           JSON_REAL_PRECISION(12));
        return text ? text : sim_copy("null");
    }
    text = call->reply_text;
    call->reply_text = NULL;
    return text ? text : sim_copy("");
}

static enum MHD_Result send_reply(struct sim_call *call, char *text)
{
    size_t len = strlen(text);
    struct MHD_Response *response =
        trickles(call)
            ? trickle_response(call, text, len)
            : MHD_create_response_from_buffer(len, text, MHD_RESPMEM_MUST_FREE);
    enum MHD_Result result;

    if (!response)
        return MHD_NO;
    if (call->type && len)
        MHD_add_response_header(response, "Content-Type", call->type);
    for (int i = 0; i < call->headers; i++)
        MHD_add_response_header(response, call->header[i].name,
                                call->header[i].value);
    result =
        MHD_queue_response(call->connection, (unsigned)call->status, response);
    MHD_destroy_response(response);
    return result;
}

/* --- from request to answer --------------------------------------------- */

static bool kind_is(const json_t *fault, const char *kind)
{
    return fault && strcmp(sim_text(fault, "kind", ""), kind) == 0;
}

static bool is_after(const json_t *fault)
{
    return fault && strcmp(sim_text(fault, "when", "before"), "after") == 0;
}

/* Whether the provider is to do its work. */
static bool works(const json_t *fault)
{
    return !fault || is_after(fault) || kind_is(fault, "truncate") ||
           kind_is(fault, "drip") || kind_is(fault, "edit") ||
           kind_is(fault, "slow");
}

/* The lock is held. Returns the text to send. */
static char *make_answer(struct sim_call *call)
{
    if (works(call->fault))
        sim_route(call);
    else if (kind_is(call->fault, "status"))
        call->sim->provider->admit(call); /* for the headers that all have */
    if (kind_is(call->fault, "status") || kind_is(call->fault, "html"))
        sim_fault_reply(call, call->fault);
    if (kind_is(call->fault, "edit"))
        sim_fault_edit(call, call->fault);
    return render(call);
}

/* Those that leave the client without an answer. */
static enum fate interrupt(struct sim_call *call)
{
    if (kind_is(call->fault, "hang"))
        hang(call);
    if (kind_is(call->fault, "reset"))
        reset_connection(call);
    return kind_is(call->fault, "hang") || kind_is(call->fault, "reset") ||
                   kind_is(call->fault, "drop")
               ? DROPPED
               : ANSWERED;
}

static char *answer_provider(struct sim_call *call)
{
    struct sim *sim = call->sim;
    int64_t wait_ms;
    char *text;

    sim_lock(sim);
    sim_log_begin(call);
    call->fault = sim_fault_take(call);
    wait_ms = sim->options.latency_ms;
    if (kind_is(call->fault, "slow"))
        wait_ms += sim_number(call->fault, "ms", 1000);
    sim_unlock(sim);
    sim_sleep(sim, wait_ms);
    sim_lock(sim);
    text = make_answer(call);
    sim_unlock(sim);
    if (interrupt(call) == DROPPED) {
        free(text);
        text = NULL;
        call->status = 0;
    }
    sim_lock(sim);
    sim_log_end(call);
    sim_unlock(sim);
    return text;
}

static char *answer_control(struct sim_call *call)
{
    char *text;

    sim_lock(call->sim);
    sim_control(call);
    text = render(call);
    sim_unlock(call->sim);
    return text;
}

static enum MHD_Result answer(struct sim_call *call)
{
    char *text;

    call->body = call->text_len ? json_loadb(call->text, call->text_len,
                                             JSON_DECODE_ANY, NULL)
                                : NULL;
    if (strncmp(call->path, "/sim/", 5) == 0) {
        text = answer_control(call);
    } else {
        if (call->sim->provider->read)
            call->sim->provider->read(call);
        text = answer_provider(call);
    }
    return text ? send_reply(call, text) : MHD_NO;
}

/* --- what MHD calls ------------------------------------------------------ */

static void *take_target(void *arg, const char *target,
                         struct MHD_Connection *connection)
{
    struct sim_call *call = sim_alloc(sizeof *call);

    call->sim = arg;
    call->connection = connection;
    call->wire = sim_copy(target);
    call->target = sim_copy(target);
    call->path = sim_format("%.*s", (int)strcspn(target, "?"), target);
    return call;
}

static void take_body(struct sim_call *call, const char *data, size_t len)
{
    int64_t max = call->sim->provider->body_max;
    char *more;

    if (call->text_len + len > (max ? (size_t)max : BODY_MAX)) {
        call->too_long = true;
        return;
    }
    more = realloc(call->text, call->text_len + len + 1);
    if (!more)
        abort();
    memcpy(more + call->text_len, data, len);
    call->text = more;
    call->text_len += len;
    call->text[call->text_len] = '\0';
}

static enum MHD_Result take_request(void *arg,
                                    struct MHD_Connection *connection,
                                    const char *url, const char *method,
                                    const char *version, const char *data,
                                    size_t *len, void **state)
{
    struct sim_call *call = *state;

    (void)arg;
    (void)connection;
    (void)url;
    (void)version;
    if (!call->method) { /* headers only, so far */
        call->method = sim_copy(method);
        return MHD_YES;
    }
    if (*len) {
        take_body(call, data, *len);
        *len = 0;
        return MHD_YES;
    }
    return answer(call);
}

static void end_request(void *arg, struct MHD_Connection *connection,
                        void **state, enum MHD_RequestTerminationCode code)
{
    struct sim_call *call = *state;

    (void)arg;
    (void)connection;
    (void)code;
    if (!call)
        return;
    sim_lock(call->sim); /* JSON values are shared */
    sim_call_clear(call);
    sim_unlock(call->sim);
    free(call);
    *state = NULL;
}

static size_t leave_coded(void *arg, struct MHD_Connection *connection,
                          char *text)
{
    (void)arg;
    (void)connection;
    return strlen(text);
}

struct sim_http *sim_http_start(struct sim *sim, int port, int *bound)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct MHD_Daemon *daemon = MHD_start_daemon(
        MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD |
            MHD_USE_POLL | MHD_USE_ITC,
        (uint16_t)port, NULL, NULL, take_request, sim, MHD_OPTION_SOCK_ADDR,
        &at, MHD_OPTION_URI_LOG_CALLBACK, take_target, sim,
        MHD_OPTION_UNESCAPE_CALLBACK, leave_coded, NULL,
        MHD_OPTION_NOTIFY_COMPLETED, end_request, NULL,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS,
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_S,
        MHD_OPTION_THREAD_STACK_SIZE, (size_t)STACK,
        MHD_OPTION_LISTEN_BACKLOG_SIZE, (unsigned)1024, MHD_OPTION_END);
    const union MHD_DaemonInfo *info;
    struct sim_http *http;

    if (!daemon)
        return NULL;
    info = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT);
    *bound = info ? info->port : port;
    http = sim_alloc(sizeof *http);
    http->daemon = daemon;
    return http;
}

void sim_http_stop(struct sim_http *http)
{
    MHD_stop_daemon(http->daemon);
    free(http);
}
