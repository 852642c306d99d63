/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/engine/handover.h"

#include "core/base/error.h"
#include "core/base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define WORDS_MAX ((size_t)64 << 10)

/* What the visit of one pod works with. */
struct way {
    char *command;
    int fd; /* of the archive */
    int64_t bytes, most;
    int error; /* errno of the first write that failed */
    const void *data;
};

static void way_clear(void *own)
{
    free(((struct way *)own)->command);
}

/* ---- in the thread ---- */

static void take_bytes(void *arg, int stream, const char *data, size_t len)
{
    struct way *way = arg;

    if (stream != 1 || way->error)
        return;
    way->bytes += (int64_t)len;
    if (way->bytes > way->most) {
        way->error = EFBIG;
        return;
    }
    while (len > 0) {
        ssize_t n = write(way->fd, data, len);

        if (n < 0 && errno != EINTR) {
            way->error = errno;
            return;
        }
        data += n > 0 ? n : 0;
        len -= n > 0 ? (size_t)n : 0;
    }
}

static int judge(const struct way *way, const struct fl_ssh_exec *exec,
                 struct fleet_error *err)
{
    const char *said = exec->err_text ? exec->err_text : "";

    if (way->error == EFBIG)
        return fleet_fail(err, FLEET_EREFUSED,
                          "more than %lld MiB lie there: --max-size allows "
                          "more",
                          (long long)(way->most >> 20));
    if (way->error)
        return fleet_fail(err, FLEET_EINTERNAL, "the archive here: %s",
                          strerror(way->error));
    if (exec->status != 0)
        return fleet_fail(err, FLEET_EINVALID, "tar ends with %d: %.*s",
                          exec->status, (int)strcspn(said, "\n"), said);
    return FLEET_OK;
}

static int work(struct fl_visit *visit, struct fleet_error *err)
{
    struct way *way = visit->own;
    struct fl_ssh_exec exec = {
        .command = way->command,
        .input = way->data,
        .input_len = way->data ? (size_t)way->bytes : 0,
        .max_out = way->data ? WORDS_MAX : 0,
        .max_err = WORDS_MAX,
        .heard = way->data ? NULL : take_bytes,
        .heard_arg = way,
    };
    int rc;

    fl_visit_step(visit, way->data ? "giving its work" : "taking its work");
    rc = fl_visit_run(visit, &exec, err);
    if (rc == 0)
        rc = judge(way, &exec, err);
    fl_ssh_exec_clear(&exec);
    return rc;
}

/* ---- in the calling thread ---- */

struct plan {
    const struct fl_handover *handover;
    const char *command;
    int fd;
    const void *data;
    int64_t bytes;
};

static int begin(const void *arg, const struct fl_member *member, void *own,
                 struct fleet_error *err)
{
    const struct plan *plan = arg;
    struct way *way = own;

    (void)member;
    way->command = strdup(plan->command);
    way->fd = plan->fd;
    way->most = plan->handover->most;
    way->data = plan->data;
    way->bytes = plan->bytes;
    return way->command ? FLEET_OK : fl_enomem(err);
}

/* The visit of that one pod; *bytes: what came. */
static int visit(struct plan *plan, const struct fl_member *member,
                 int64_t *bytes, struct fleet_error *err)
{
    const struct fl_handover *handover = plan->handover;
    FL_AUTO(fl_visit_results_clear) struct fl_visit_results results = {0};
    FL_AUTO_FREE bool *selected =
        calloc(handover->to.fleet->n_members + 1, sizeof(*selected));
    static const struct fl_visit_kind kind = {
        .own_size = sizeof(struct way),
        .begin = begin,
        .work = work,
        .clear = way_clear,
    };
    struct fl_visit_to to = handover->to;
    int rc;

    if (!selected)
        return fl_enomem(err);
    selected[member - to.fleet->members] = true;
    to.selected = selected;
    rc = fl_visit_all(&to, &kind, plan, &results, err);
    if (rc == 0 && results.at[0].stage) {
        *err = results.at[0].error;
        rc = err->code;
    }
    if (rc == 0)
        *bytes = ((struct way *)results.at[0].own)->bytes;
    return rc;
}

/* Whatever the login shell is, it reads this as plain words. */
static int put_command(const struct fl_handover *handover, const char *script,
                       struct fl_buf *out)
{
    FL_AUTO(fl_buf_clear) struct fl_buf text = FL_BUF(WORDS_MAX);

    fl_buf_puts(&text, "cd || exit; set --");
    for (size_t i = 0; i < handover->paths->n; i++) {
        fl_buf_putc(&text, ' ');
        fl_shell_quote(&text, handover->paths->at[i]);
    }
    fl_buf_printf(&text, "; %s", script);
    fl_buf_puts(out, "exec sh -c ");
    fl_shell_quote(out, fl_buf_text(&text));
    return text.failed || out->failed ? FLEET_ENOMEM : FLEET_OK;
}

int fl_handover_take(struct fl_handover *handover, const struct fl_member *from,
                     struct fleet_error *err)
{
    static const char script[] =
        "for p; do shift; [ ! -e \"$p\" ] || set -- \"$@\" \"./$p\"; done; "
        "[ $# -gt 0 ] || exec tar -czf - -T /dev/null; exec tar -czf - \"$@\"";
    FL_AUTO(fl_buf_clear) struct fl_buf command = FL_BUF(4 * WORDS_MAX);
    struct plan plan = {.handover = handover};
    int rc = put_command(handover, script, &command);

    if (rc < 0)
        return fl_enomem(err);
    plan.command = fl_buf_text(&command);
    plan.fd = open(handover->archive,
                   O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (plan.fd < 0)
        return fleet_fail(err, FLEET_ECONFIG, "%s: %s", handover->archive,
                          strerror(errno));
    rc = visit(&plan, from, &handover->bytes, err);
    if (rc == 0 && fsync(plan.fd) < 0)
        rc = fleet_fail(err, FLEET_EINTERNAL, "%s: %s", handover->archive,
                        strerror(errno));
    close(plan.fd);
    if (rc < 0)
        unlink(handover->archive);
    return rc;
}

int fl_handover_give(struct fl_handover *handover, const struct fl_member *to,
                     struct fleet_error *err)
{
    static const char script[] =
        "for p; do rm -rf \"./$p\" || exit; done; exec tar -xzpf -";
    FL_AUTO(fl_buf_clear) struct fl_buf command = FL_BUF(4 * WORDS_MAX);
    struct plan plan = {.handover = handover, .bytes = handover->bytes};
    size_t len = (size_t)handover->bytes;
    int64_t came = 0;
    void *data;
    int rc = put_command(handover, script, &command);

    if (rc < 0)
        return fl_enomem(err);
    plan.command = fl_buf_text(&command);
    plan.fd = open(handover->archive, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    data = plan.fd < 0
               ? MAP_FAILED
               : mmap(NULL, len ? len : 1, PROT_READ, MAP_PRIVATE, plan.fd, 0);
    if (data == MAP_FAILED) {
        rc = fleet_fail(err, FLEET_ECONFIG, "%s: %s", handover->archive,
                        strerror(errno));
    } else {
        plan.data = data;
        rc = visit(&plan, to, &came, err);
        if (!fl_pool_wedged()) /* else its thread may still read it */
            munmap(data, len ? len : 1);
    }
    if (plan.fd >= 0)
        close(plan.fd);
    return rc;
}
