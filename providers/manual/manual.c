/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <fleet/csv.h>
#include <fleet/provider.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Machines that somebody typed into a file: nothing but a listing. */

enum { FILE_MAX = 4 * 1024 * 1024, NAME_MAX_BYTES = 63 };

#define DIGITS "0123456789"
#define LOWER  "abcdefghijklmnopqrstuvwxyz"
#define ALNUM  DIGITS LOWER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

struct config {
    char *path;
};

static bool is_name(const char *text, int64_t *number)
{
    size_t len = strlen(text);

    (void)number;
    return len > 0 && len <= NAME_MAX_BYTES &&
           strspn(text, DIGITS LOWER "-") == len && text[0] != '-' &&
           text[len - 1] != '-';
}

static bool is_host(const char *text, int64_t *number)
{
    size_t len = strlen(text);

    (void)number;
    return len > 0 && len < 254 && text[0] != '-' &&
           strspn(text, ALNUM ".-:") == len;
}

static bool is_port(const char *text, int64_t *number)
{
    size_t len = strlen(text);

    if (len == 0 || len > 5 || strspn(text, DIGITS) != len)
        return false;
    *number = strtol(text, NULL, 10);
    return *number >= 1 && *number <= 65535;
}

static bool is_user(const char *text, int64_t *number)
{
    size_t len = strlen(text);

    (void)number;
    return len > 0 && len < 256 && text[0] != '-' &&
           strspn(text, ALNUM "._-@+$") == len;
}

static bool is_gpu(const char *text, int64_t *number)
{
    (void)number;
    for (; *text; text++)
        if ((unsigned char)*text < ' ' || *text == 0x7f)
            return false;
    return true;
}

/* "1.25" in millionths: exactly, so no floating point. */
static bool is_price(const char *text, int64_t *number)
{
    size_t whole = strspn(text, DIGITS);
    size_t part = text[whole] == '.' ? strspn(text + whole + 1, DIGITS) : 0;
    const char *end = text + whole + (text[whole] == '.') + part;

    if (*end || whole + part == 0 || whole > 8 || part > 6)
        return false;
    *number = 0;
    for (const char *at = text; at < end; at++)
        if (*at != '.')
            *number = *number * 10 + (*at - '0');
    for (; part < 6; part++)
        *number *= 10;
    return true;
}

/* The columns, and what may stand in them. An empty field leaves the pod's
 * unset, where that is allowed. */
static const struct column {
    const char *name;
    int field;
    bool needed, number;
    bool (*valid)(const char *text, int64_t *number);
    const char *rule;
} columns[] = {
    {"name", FLEET_POD_NAME, true, false, is_name,
     "a name of a-z, 0-9 and dashes, at most 63 long"},
    {"host", FLEET_POD_SSH_HOST, true, false, is_host,
     "a host name or address"},
    {"port", FLEET_POD_SSH_PORT, true, true, is_port, "a port from 1 to 65535"},
    {"user", FLEET_POD_SSH_USER, true, false, is_user, "a user name"},
    {"gpu", FLEET_POD_GPU, false, false, is_gpu, "printable text"},
    {"price_per_hour", FLEET_POD_PRICE_MICROS, false, true, is_price,
     "a price such as 1.25"},
};
enum { COLUMNS = sizeof columns / sizeof *columns, NAME_COLUMN = 0 };
static const char header[] = "name,host,port,user[,gpu[,price_per_hour]]";

/* One pass over the file. */
struct reading {
    const char *path;
    struct fleet_sink *sink;
    const struct column
        *order[FLEET_CSV_FIELDS]; /* as the header line has them */
    int n;
    void *seen; /* tree of names */
    int faults;
    struct fleet_error *err; /* the first fault */
};

static int fail_errno(const char *path, struct fleet_error *err)
{
    int number = errno;

    fleet_fail(err, FLEET_ECONFIG, "MANUAL_PODS: cannot read %s: %s", path,
               strerror(number));
    if (err)
        err->detail = number;
    return FLEET_ECONFIG;
}

/* The first fault becomes the error, the others are told beside it. */
static void add_fault(struct reading *reading, int line, const char *what)
{
    if (reading->faults++ == 0)
        fleet_fail(reading->err, FLEET_ECONFIG, "%s:%d: %s", reading->path,
                   line, what);
    else
        fleet_log(FLEET_LOG_WARNING, "manual", "%s:%d: %s", reading->path, line,
                  what);
}

static const struct column *find_column(const char *name)
{
    for (int i = 0; i < COLUMNS; i++)
        if (strcmp(columns[i].name, name) == 0)
            return &columns[i];
    return NULL;
}

static bool has_column(const struct reading *reading,
                       const struct column *column)
{
    for (int i = 0; i < reading->n; i++)
        if (reading->order[i] == column)
            return true;
    return false;
}

/* Nothing below can be judged without it. */
static int read_header(struct reading *reading,
                       const struct fleet_csv_record *record)
{
    bool ok = !record->fault;

    for (int i = 0; ok && i < record->n; i++) {
        const struct column *column = find_column(record->field[i]);

        ok = column && !has_column(reading, column);
        reading->order[reading->n++] = column;
    }
    for (int i = 0; ok && i < COLUMNS; i++)
        ok = !columns[i].needed || has_column(reading, &columns[i]);
    if (ok)
        return FLEET_OK;
    return fleet_fail(reading->err, FLEET_ECONFIG,
                      "%s:%d: the first line must be the header %s",
                      reading->path, record->line, header);
}

static bool check_field(struct reading *reading, int line,
                        const struct column *column, const char *text,
                        int64_t *number)
{
    char what[256];

    if (column->valid(text, number) || (!*text && !column->needed))
        return true;
    snprintf(what, sizeof what, "%s: '%.80s' is not %s", column->name, text,
             column->rule);
    add_fault(reading, line, what);
    return false;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* Whether this name is the first of its kind; no memory counts as a fault. */
static bool check_name(struct reading *reading, int line, const char *name)
{
    char what[256];
    const char *const *found = tsearch(name, &reading->seen, by_text);

    if (found && *found == name)
        return true;
    if (found)
        snprintf(what, sizeof what, "name: '%s' stands on an earlier line too",
                 name);
    else
        snprintf(what, sizeof what, "name: out of memory");
    add_fault(reading, line, what);
    return false;
}

static bool check_record(struct reading *reading,
                         const struct fleet_csv_record *record,
                         int64_t numbers[FLEET_CSV_FIELDS])
{
    bool ok = true;

    if (record->fault || record->n > reading->n) {
        add_fault(reading, record->line,
                  record->fault ? record->fault : "more fields than columns");
        return false;
    }
    for (int i = 0; i < reading->n; i++) {
        const struct column *column = reading->order[i];
        const char *text = i < record->n ? record->field[i] : "";

        if (!check_field(reading, record->line, column, text, &numbers[i]))
            ok = false;
        else if (column == &columns[NAME_COLUMN])
            ok &= check_name(reading, record->line, text);
    }
    return ok;
}

static void set_field(struct fleet_pod *pod, const struct column *column,
                      const char *text, int64_t number)
{
    if (!*text)
        return;
    if (column->number)
        fleet_pod_set_number(pod, column->field, number);
    else
        fleet_pod_set(pod, column->field, text);
    if (column->field == FLEET_POD_NAME)
        fleet_pod_set(pod, FLEET_POD_ID, text);
    if (column->field == FLEET_POD_PRICE_MICROS)
        fleet_pod_set(pod, FLEET_POD_CURRENCY, "USD");
}

static int read_record(struct reading *reading,
                       const struct fleet_csv_record *record)
{
    int64_t numbers[FLEET_CSV_FIELDS] = {0};
    struct fleet_pod *pod;

    if (!check_record(reading, record, numbers) || reading->faults)
        return FLEET_OK; /* the rest is read for its faults only */
    pod = fleet_sink_pod(reading->sink);
    if (!pod)
        return fleet_fail(reading->err, FLEET_ENOMEM, "%s: too many machines",
                          reading->path);
    for (int i = 0; i < record->n; i++)
        set_field(pod, reading->order[i], record->field[i], numbers[i]);
    /* Whether it runs is not ours to know; somebody says it is there. */
    fleet_pod_set_number(pod, FLEET_POD_STATE, FLEET_STATE_RUNNING);
    fleet_pod_set(pod, FLEET_POD_PROVIDER_STATE, "listed");
    return FLEET_OK;
}

static int read_records(struct reading *reading, char *text)
{
    struct fleet_csv csv;
    struct fleet_csv_record record;
    int rc;

    fleet_csv_init(&csv, text);
    if (!fleet_csv_next(&csv, &record))
        return fleet_fail(reading->err, FLEET_ECONFIG,
                          "%s: empty; its first line must be the header %s",
                          reading->path, header);
    rc = read_header(reading, &record);
    while (rc == FLEET_OK && fleet_csv_next(&csv, &record))
        rc = read_record(reading, &record);
    return rc == FLEET_OK && reading->faults ? FLEET_ECONFIG : rc;
}

/* *size bytes and a NUL, the caller's to free. */
static int read_open_file(const char *path, int fd, char **text,
                          struct fleet_error *err)
{
    struct stat st;
    size_t len = 0;
    ssize_t got = 1;
    char *data;

    if (fstat(fd, &st) < 0)
        return fail_errno(path, err);
    if (!S_ISREG(st.st_mode) || st.st_size > FILE_MAX)
        return fleet_fail(err, FLEET_ECONFIG,
                          "MANUAL_PODS: %s is not a file of at most 4 MiB",
                          path);
    data = malloc(FILE_MAX + 1);
    if (!data)
        return fleet_fail(err, FLEET_ENOMEM, "out of memory");
    while (got > 0 && len < FILE_MAX) {
        got = read(fd, data + len, FILE_MAX - len);
        if (got > 0)
            len += (size_t)got;
        else if (got < 0 && errno == EINTR)
            got = 1;
    }
    data[len] = '\0';
    if (got < 0 || memchr(data, '\0', len)) {
        int rc = got < 0 ? fail_errno(path, err)
                         : fleet_fail(err, FLEET_ECONFIG,
                                      "MANUAL_PODS: %s holds a NUL byte", path);
        free(data);
        return rc;
    }
    *text = data;
    return FLEET_OK;
}

static int read_file(const char *path, char **text, struct fleet_error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    int rc;

    if (fd < 0)
        return fail_errno(path, err);
    rc = read_open_file(path, fd, text, err);
    close(fd);
    return rc;
}

static void keep(void *node)
{
    (void)node;
}

static int manual_list(void *handle, struct fleet_sink *pods,
                       struct fleet_error *err)
{
    const struct config *config = handle;
    struct reading reading = {.path = config->path, .sink = pods, .err = err};
    char *text = NULL;
    int rc = read_file(config->path, &text, err);

    if (rc < 0)
        return rc;
    rc = read_records(&reading, text);
    tdestroy(reading.seen, keep);
    free(text);
    return rc;
}

static int manual_open(const void *config, struct fleet_host *host,
                       void **handle, struct fleet_error *err)
{
    (void)host;
    (void)err;
    *handle = (void *)config; /* it outlives us */
    return FLEET_OK;
}

static void manual_close(void *handle)
{
    (void)handle;
}

/* clang-format off */
static const struct fleet_option options[] = {
    {.key = "MANUAL_PODS", .type = FLEET_OPT_PATH,
     .flags = FLEET_OPT_REQUIRED,
     .help = "CSV file of machines: name,host,port,user[,gpu[,price_per_hour]]",
     FLEET_AT(struct config, path)},
    {0},
};
static const struct fleet_provider_ops ops = {
    .open = manual_open,
    .close = manual_close,
    .list = manual_list,
};
/* clang-format on */

const struct fleet_plugin fleet_plugin = {
    FLEET_PLUGIN_HEAD(FLEET_PROVIDER, provider, ops),
    .name = "manual",
    .version = "1.0",
    .summary = "machines typed into a file",
    .threads = FLEET_THREADS_PARALLEL,
    .options = options,
    .config_size = sizeof(struct config),
};
