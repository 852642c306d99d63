/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/engine/ports.h"

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/text.h"
#include "core/engine/db.h"
#include "core/model/forward.h"
#include "core/model/shown.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#define PORT_MAX 65535
#define LINE_MAX 4096
#define MARK     "# fleet: "

/* clang-format off */
static const struct fl_cell port_cells[] = {
    FL_CELL(struct fl_port, name),
    FL_CELL(struct fl_port, port),
};
/* clang-format on */
static const struct fl_row port_row = FL_ROW(struct fl_port, port_cells);

void fl_ports_clear(struct fl_ports *ports)
{
    fl_map_clear(&ports->by_name);
    fl_rows_clear(&port_row, ports->at, ports->n);
    *ports = (struct fl_ports){0};
}

static int index_port(struct fl_ports *ports, const struct fl_port *port)
{
    return fl_map_add(&ports->by_name, port->name,
                      (void *)(uintptr_t)port->port, NULL);
}

int64_t fl_ports_get(const struct fl_ports *ports, const char *name)
{
    return (int64_t)(uintptr_t)fl_map_get(&ports->by_name, name);
}

int fl_ports_add(struct fl_ports *ports, const char *name, int64_t port)
{
    size_t size = ports->size ? 2 * ports->size : 64;
    char *copy;

    if (ports->n == ports->size) {
        struct fl_port *more =
            reallocarray(ports->at, size, sizeof(*ports->at));

        if (!more)
            return FLEET_ENOMEM;
        ports->at = more;
        ports->size = size;
    }
    copy = strdup(name);
    if (!copy)
        return FLEET_ENOMEM;
    ports->at[ports->n++] = (struct fl_port){copy, port};
    return index_port(ports, &ports->at[ports->n - 1]);
}

/* From a state that is held. */
static int load_held(struct fl_state *held, struct fl_ports *out,
                     struct fleet_error *err)
{
    FL_AUTO(fl_ports_clear) struct fl_ports ports = {0};
    struct fl_rows rows;
    int rc = fl_rows_load(held, FL_SQL_PORTS, &port_row, &rows, err);

    if (rc < 0)
        return rc;
    ports = (struct fl_ports){.at = rows.at, .n = rows.n, .size = rows.size};
    for (size_t i = 0; i < ports.n; i++) {
        if (index_port(&ports, &ports.at[i]) < 0)
            return fl_enomem(err);
    }
    *out = ports;
    ports = (struct fl_ports){0};
    return FLEET_OK;
}

int fl_ports_load(struct fl_state *state, struct fl_ports *out,
                  struct fleet_error *err)
{
    FL_AUTO(fl_db_leave) struct fl_state *held = fl_db_enter(state);

    return load_held(held, out, err);
}

/* A deployed file while it is read. */
struct reading {
    const struct fl_cohort *cohort;
    const char *path;
    size_t line;
    struct fl_ports ports;
    bool used[PORT_MAX + 1];
};

static int bad_line(const struct reading *reading, struct fleet_error *err,
                    const char *format, ...) FLEET_PRINTF(3, 4);
static int bad_line(const struct reading *reading, struct fleet_error *err,
                    const char *format, ...)
{
    char what[256];
    va_list args;

    va_start(args, format);
    vsnprintf(what, sizeof(what), format, args);
    va_end(args);
    return fleet_fail(err, FLEET_ECONFIG, "%s:%zu: %s", reading->path,
                      reading->line, what);
}

static int bad_name(const struct reading *reading, const char *name,
                    struct fleet_error *err)
{
    char shown[FL_SHOWN_SIZE];

    fl_shown(shown, name);
    return bad_line(reading, err, "'%.80s' is no name of cohort %s", shown,
                    reading->cohort->prefix);
}

/* "pod name=arena-apple port=12000 ...", also "kept ..." */
static int read_port(struct reading *reading, const char *words,
                     struct fleet_error *err)
{
    FL_AUTO_FREE char *name = fl_word_of(words, "name");
    FL_AUTO_FREE char *number = fl_word_of(words, "port");
    int64_t port;

    if (!name || !number)
        return fl_enomem(err);
    if (!fl_name_valid(name) || !fl_cohort_short(reading->cohort, name))
        return bad_name(reading, name, err);
    if (!fl_parse_int(number, 1, PORT_MAX, &port))
        return bad_line(reading, err, "%s: no port from 1 to %d", name,
                        PORT_MAX);
    if (fl_ports_get(&reading->ports, name))
        return bad_line(reading, err, "%s has a port already", name);
    if (reading->used[port])
        return bad_line(reading, err, "port %" PRId64 " is taken already",
                        port);
    reading->used[port] = true;
    return fl_ports_add(&reading->ports, name, port) < 0 ? fl_enomem(err)
                                                         : FLEET_OK;
}

/* "cohort arena, 20 pods, written ..." */
static int read_cohort(struct reading *reading, const char *words,
                       struct fleet_error *err)
{
    const char *prefix = reading->cohort->prefix;
    size_t len = strlen(prefix);
    char shown[FL_SHOWN_SIZE];

    if (strncmp(words, prefix, len) == 0 && strchr(", \r", words[len]))
        return FLEET_OK;
    fl_shown_n(shown, words, strcspn(words, ", \t\r"));
    return bad_line(reading, err, "the file is of cohort '%.80s', not of %s",
                    shown, prefix);
}

static int read_line(struct reading *reading, const char *line, size_t len,
                     struct fleet_error *err)
{
    static const struct {
        const char *word;
        int (*read)(struct reading *reading, const char *words,
                    struct fleet_error *err);
    } kinds[] = {
        {"cohort ", read_cohort},
        {"pod ", read_port},
        {"kept ", read_port},
    };
    FL_AUTO_FREE char *text = NULL;

    if (len < strlen(MARK) || strncmp(line, MARK, strlen(MARK)) != 0)
        return FLEET_OK;
    if (len > LINE_MAX || memchr(line, '\0', len))
        return bad_line(reading, err, "not a line that fleet wrote");
    text = strndup(line + strlen(MARK), len - strlen(MARK));
    if (!text)
        return fl_enomem(err);
    for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
        size_t word = strlen(kinds[i].word);

        if (strncmp(text, kinds[i].word, word) == 0)
            return kinds[i].read(reading, text + word, err);
    }
    return FLEET_OK;
}

int fl_ports_parse(const struct fl_cohort *cohort, const char *path,
                   const char *text, size_t len, struct fl_ports *out,
                   struct fleet_error *err)
{
    FL_AUTO_FREE struct reading *reading = calloc(1, sizeof(*reading));
    const char *end = text + len;
    int rc = FLEET_OK;

    if (!reading)
        return fl_enomem(err);
    reading->cohort = cohort;
    reading->path = path;
    while (rc == 0 && text < end) {
        const char *newline = memchr(text, '\n', (size_t)(end - text));
        const char *stop = newline ? newline : end;

        reading->line++;
        rc = read_line(reading, text, (size_t)(stop - text), err);
        text = newline ? newline + 1 : end;
    }
    if (rc == 0)
        *out = reading->ports;
    else
        fl_ports_clear(&reading->ports);
    return rc;
}

int fl_ports_plan(struct fl_ports *ports, const char *const *names, size_t n,
                  int64_t start, struct fleet_error *err)
{
    FL_AUTO_FREE bool *used = calloc(PORT_MAX + 1, sizeof(*used));
    int64_t next = start;

    if (!used)
        return fl_enomem(err);
    for (size_t i = 0; i < ports->n; i++) {
        if (ports->at[i].port >= 0 && ports->at[i].port <= PORT_MAX)
            used[ports->at[i].port] = true;
    }
    for (size_t i = 0; i < n; i++) {
        if (fl_ports_get(ports, names[i]))
            continue;
        while (next <= FL_PORT_LAST && used[next])
            next++;
        if (next > FL_PORT_LAST)
            return fleet_fail(err, FLEET_ECONFIG,
                              "%s: no port is left from %" PRId64 " to %d; set "
                              "SSH_PROXY_STARTING_PORT to a lower one",
                              names[i], start, FL_PORT_LAST);
        if (fl_ports_add(ports, names[i], next++) < 0)
            return fl_enomem(err);
    }
    return FLEET_OK;
}

/* Whether there is anything to store, or to tell. */
static bool is_news(const struct fl_ports_job *job,
                    const struct fl_ports *ports)
{
    for (size_t i = 0; i < job->names->n; i++) {
        if (!fl_ports_get(ports, job->names->at[i]))
            return true;
    }
    for (size_t i = 0; job->deployed && i < job->deployed->n; i++) {
        const struct fl_port *port = &job->deployed->at[i];

        if (fl_ports_get(ports, port->name) != port->port)
            return true;
    }
    return false;
}

static int warn(struct fl_engine *engine, const char *name, int64_t deployed,
                const char *owner, int64_t known, struct fleet_error *err)
{
    FL_AUTO_FREE char *text =
        fl_format("the deployed file gives port %" PRId64 " to %s, but here "
                  "%s has %" PRId64 ": that counts",
                  deployed, name, owner, known);

    return text && fl_strv_add(&engine->warnings, text) == 0 ? FLEET_OK
                                                             : fl_enomem(err);
}

/* What the state says stays, and what the file alone says is taken over. */
static int adopt(const struct fl_ports_job *job, struct fl_ports *ports,
                 struct fleet_error *err)
{
    FL_AUTO_FREE const char **owners = calloc(PORT_MAX + 1, sizeof(*owners));
    int rc = FLEET_OK;

    if (!owners)
        return fl_enomem(err);
    for (size_t i = 0; i < ports->n; i++) {
        if (ports->at[i].port >= 0 && ports->at[i].port <= PORT_MAX)
            owners[ports->at[i].port] = ports->at[i].name;
    }
    for (size_t i = 0; rc == 0 && i < job->deployed->n; i++) {
        const struct fl_port *port = &job->deployed->at[i];
        int64_t known = fl_ports_get(ports, port->name);

        if (known == port->port)
            continue;
        if (known)
            rc = warn(job->engine, port->name, port->port, "it", known, err);
        else if (owners[port->port])
            rc = warn(job->engine, port->name, port->port, owners[port->port],
                      port->port, err);
        else if (fl_ports_add(ports, port->name, port->port) < 0)
            rc = fl_enomem(err);
    }
    return rc;
}

struct place {
    size_t index;
    const char *name;
};

static int by_place(const void *one, const void *two)
{
    const struct place *a = one, *b = two;

    if (a->index != b->index)
        return a->index < b->index ? -1 : 1;
    return strcmp(a->name, b->name);
}

/* The names in list order, those outside the list behind. */
static const char **ordered(const struct fl_ports_job *job)
{
    const struct fl_cohort *cohort = &job->engine->cohort;
    size_t n = job->names->n;
    FL_AUTO_FREE struct place *places = calloc(n + 1, sizeof(*places));
    const char **names = calloc(n + 1, sizeof(*names));

    if (!places || !names) {
        free(names);
        return NULL;
    }
    for (size_t i = 0; i < n; i++) {
        const char *name = job->names->at[i];
        const char *brief = fl_cohort_short(cohort, name);

        places[i] = (struct place){
            brief ? fl_cohort_index(cohort, brief) : SIZE_MAX, name};
    }
    qsort(places, n, sizeof(*places), by_place);
    for (size_t i = 0; i < n; i++)
        names[i] = places[i].name;
    return names;
}

/* What is deployed, then what is new. */
static int extend(const struct fl_ports_job *job, const char **names,
                  struct fl_ports *ports, struct fleet_error *err)
{
    int rc = job->deployed ? adopt(job, ports, err) : FLEET_OK;

    return rc < 0
               ? rc
               : fl_ports_plan(ports, names, job->names->n,
                               job->engine->settings.proxy_starting_port, err);
}

/* One transaction: what is there, and what comes to it. */
static int give_in(struct fl_state *state, const struct fl_ports_job *job,
                   struct fl_ports *out, struct fleet_error *err)
{
    FL_AUTO(fl_db_leave) struct fl_state *held = fl_db_enter(state);
    FL_AUTO(fl_ports_clear) struct fl_ports ports = {0};
    FL_AUTO_FREE const char **names = ordered(job);
    size_t known;
    int rc = names ? fl_db_begin(held, err) : fl_enomem(err);

    if (rc == 0)
        rc = load_held(held, &ports, err);
    known = ports.n;
    if (rc == 0)
        rc = extend(job, names, &ports, err);
    for (size_t i = known; rc == 0 && i < ports.n; i++)
        rc = fl_row_put(held, FL_SQL_PORT_PUT, &port_row, &ports.at[i], err);
    if (rc == 0)
        rc = fl_db_commit(held, err);
    if (rc < 0)
        return rc;
    *out = ports;
    ports = (struct fl_ports){0};
    return FLEET_OK;
}

/* The state was opened for reading, so that nothing is written without need. */
static int give_locked(const struct fl_ports_job *job, struct fl_ports *out,
                       struct fleet_error *err)
{
    struct fl_engine *engine = job->engine;
    FL_AUTO(fl_lock_drop) struct fl_lock *lock = NULL;
    FL_AUTO(fl_state_close) struct fl_state *state = NULL;
    FL_AUTO_FREE char *news = NULL;
    int rc = fl_lock_take(engine->state_dir, engine->cohort.prefix,
                          job->command, fl_deadline(job->lock_wait_ms),
                          job->waiting, job->arg, &lock, err);

    if (rc == 0)
        rc = fl_state_open(engine->state_dir, engine->cohort.prefix,
                           FL_STATE_WRITE, &state, &news, err);
    if (rc == 0 && news && fl_strv_add(&engine->warnings, news) < 0)
        rc = fl_enomem(err);
    return rc < 0 ? rc : give_in(state, job, out, err);
}

/* As it would be: nothing is stored. Takes PORTS. */
static int give_dry(const struct fl_ports_job *job, struct fl_ports *ports,
                    struct fl_ports *out, struct fleet_error *err)
{
    FL_AUTO_FREE const char **names = ordered(job);
    int rc = names ? FLEET_OK : fl_enomem(err);

    if (rc == 0)
        rc = extend(job, names, ports, err);
    if (rc < 0)
        return rc;
    *out = *ports;
    *ports = (struct fl_ports){0};
    return FLEET_OK;
}

static int give(const struct fl_ports_job *job, struct fl_ports *out,
                struct fleet_error *err)
{
    struct fl_engine *engine = job->engine;
    FL_AUTO(fl_ports_clear) struct fl_ports ports = {0};
    int rc = fl_engine_state(engine, FL_STATE_READ, err);

    if (rc == 0)
        rc = fl_ports_load(engine->state, &ports, err);
    if (rc < 0)
        return rc;
    if (is_news(job, &ports) && job->dry)
        return give_dry(job, &ports, out, err);
    if (is_news(job, &ports))
        return engine->lock ? give_in(engine->state, job, out, err)
                            : give_locked(job, out, err);
    *out = ports;
    ports = (struct fl_ports){0};
    return FLEET_OK;
}

static int by_port(const void *one, const void *two)
{
    const struct fl_port *a = one, *b = two;

    return a->port < b->port ? -1 : a->port > b->port;
}

int fl_ports_give(const struct fl_ports_job *job, struct fl_ports *out,
                  struct fleet_error *err)
{
    int rc = give(job, out, err);

    if (rc == 0 && out->n)
        qsort(out->at, out->n, sizeof(*out->at), by_port);
    return rc;
}

void fl_ports_show(const struct fl_ports *ports, struct fl_fleet *fleet)
{
    for (size_t i = 0; i < fleet->n_members; i++) {
        struct fleet_pod *pod = fleet->members[i].pod;
        const char *name = fleet_pod_get(pod, FLEET_POD_NAME);
        int64_t port = name ? fl_ports_get(ports, name) : 0;

        if (port > 0 && port <= PORT_MAX)
            fleet_pod_set_number(pod, FLEET_POD_PROXY_PORT, port);
        else
            fleet_pod_set(pod, FLEET_POD_PROXY_PORT, NULL);
    }
}
