/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include <fleet/format.h>

#include <inttypes.h>
#include <string.h>

/* RFC 4180 with plain newlines. The first columns are those of MANUAL_PODS. */
static void put_text(struct fleet_writer *out, const struct fleet_pod *pod,
                     int field)
{
    const char *text = fleet_pod_get(pod, field);
    bool formula = text && strchr("=+-@", *text);
    bool quoted = text && strpbrk(text, ",\"");

    if (!text)
        return;
    fleet_write(out, quoted ? "\"" : "");
    /* A spreadsheet would run it. */
    fleet_write(out, formula ? "'" : "");
    for (; *text; text++)
        fleet_write_n(out, *text == '"' ? "\"\"" : text, *text == '"' ? 2 : 1);
    fleet_write(out, quoted ? "\"" : "");
}

static void put_number(struct fleet_writer *out, const struct fleet_pod *pod,
                       int field)
{
    int64_t number = fleet_pod_get_number(pod, field, -1);

    if (number >= 0)
        fleet_writef(out, "%" PRId64, number);
}

static void put_price(struct fleet_writer *out, const struct fleet_pod *pod,
                      int field)
{
    int64_t micros = fleet_pod_get_number(pod, field, -1);

    if (micros >= 0)
        fleet_writef(out, "%" PRId64 ".%06" PRId64, micros / 1000000,
                     micros % 1000000);
}

static void put_state(struct fleet_writer *out, const struct fleet_pod *pod,
                      int field)
{
    fleet_write(out, fleet_state_name((int)fleet_pod_get_number(
                         pod, field, FLEET_STATE_UNKNOWN)));
}

/* clang-format off */
static const struct {
    const char *name;
    void (*put)(struct fleet_writer *out, const struct fleet_pod *pod,
                int field); /* NULL: the address or port of a login */
    int field;
} columns[] = {
    {"name", put_text, FLEET_POD_NAME},
    {"host", NULL, FLEET_POD_SSH_HOST},
    {"port", NULL, FLEET_POD_SSH_PORT},
    {"user", put_text, FLEET_POD_SSH_USER},
    {"gpu", put_text, FLEET_POD_GPU},
    {"price_per_hour", put_price, FLEET_POD_PRICE_MICROS},
    {"currency", put_text, FLEET_POD_CURRENCY},
    {"provider", put_text, FLEET_POD_PROVIDER},
    {"id", put_text, FLEET_POD_ID},
    {"state", put_state, FLEET_POD_STATE},
    {"gpus", put_number, FLEET_POD_GPUS},
    {"region", put_text, FLEET_POD_REGION},
    {"tier", put_text, FLEET_POD_TIER},
    {"proxy_port", put_number, FLEET_POD_PROXY_PORT},
    {"image", put_text, FLEET_POD_IMAGE},
    {"created_at", put_text, FLEET_POD_CREATED_AT},
    {"host_key", put_text, FLEET_POD_HOST_KEY},
};
/* clang-format on */
#define N_COLUMNS (sizeof(columns) / sizeof(columns[0]))

static void put_cell(const struct fleet_view *view, const struct fleet_pod *pod,
                     size_t column, struct fleet_writer *out)
{
    if (columns[column].put)
        columns[column].put(out, pod, columns[column].field);
    else if (columns[column].field == FLEET_POD_SSH_HOST)
        fleet_write(out, fleet_view_host(view, pod));
    else
        fleet_writef(out, "%" PRId64, fleet_view_port(view, pod));
}

static int render(const void *config, const struct fleet_view *view,
                  struct fleet_writer *out, struct fleet_error *err)
{
    (void)config;
    (void)err;
    for (size_t c = 0; c < N_COLUMNS; c++)
        fleet_writef(out, "%s%s", c ? "," : "", columns[c].name);
    fleet_write(out, "\n");
    for (size_t i = 0; i < fleet_view_count(view); i++) {
        for (size_t c = 0; c < N_COLUMNS; c++) {
            fleet_write(out, c ? "," : "");
            put_cell(view, fleet_view_pod(view, i), c, out);
        }
        fleet_write(out, "\n");
    }
    return FLEET_OK;
}

static const struct fleet_format_ops ops = {.render = render};
const struct fleet_plugin fleet_plugin = {
    FLEET_PLUGIN_HEAD(FLEET_FORMAT, format, ops),
    .name = "csv",
    .version = "1.0",
    .summary = "a table for spreadsheets",
};
