/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/program.h"
#include "core/base/text.h"
#include "core/engine/pushing.h"
#include "core/net/wait.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

/* Where the pod has another version of a large file, rsync sends only what is
 * different: into the temporary file, which begins as a copy of that version.
 * What has come is compared and placed like all else. */

#define END_MS 5000

/* For rsync's -e, which is split at blanks, quotes are honoured and nothing can
 * escape them. */
static int put_word(struct fl_buf *out, const char *word)
{
    char quote = strchr(word, '\'') ? '"' : '\'';

    if (strchr(word, quote))
        return FLEET_EUNSUPPORTED;
    fl_buf_printf(out, " %c%s%c", quote, word, quote);
    return out->failed;
}

static int put_option(struct fl_buf *out, char *setting)
{
    int rc = setting ? FLEET_OK : FLEET_ENOMEM;

    if (rc == 0)
        rc = fl_buf_puts(out, " -o");
    if (rc == 0)
        rc = put_word(out, setting);
    free(setting);
    return rc;
}

/* The real ssh, which gets to the same machine or nowhere. */
static int make_shell(const struct fl_pushed *push, struct fl_buf *out)
{
    const struct fleet_pod *pod = push->visit->pod;
    const char *key = fleet_pod_get(pod, FLEET_POD_HOST_KEY);
    int64_t port = fleet_pod_get_number(pod, FLEET_POD_SSH_PORT, 22);
    int rc = FLEET_OK;

    if (!key)
        key = push->visit->host_key;
    if (!key || !push->plan->identity)
        return FLEET_EUNSUPPORTED;
    fl_buf_puts(out, "ssh -F none -o BatchMode=yes -o IdentitiesOnly=yes "
                     "-o StrictHostKeyChecking=yes -o LogLevel=ERROR "
                     "-o HostKeyAlias=pod -o UserKnownHostsFile=/dev/null "
                     "-o GlobalKnownHostsFile=/dev/null -i");
    rc = put_word(out, push->plan->identity);
    if (rc == 0)
        rc = put_option(out,
                        fl_format("KnownHostsCommand=/bin/echo pod %s", key));
    if (rc == 0)
        rc = put_option(out, fl_format("Port=%" PRId64, port));
    if (rc == 0)
        rc = put_option(
            out, fl_format("User=%s", fleet_pod_get(pod, FLEET_POD_SSH_USER)));
    return rc;
}

static char *make_target(const struct fl_pushed *push,
                         const struct fl_copy *copy)
{
    FL_AUTO(fl_buf_clear) struct fl_buf name = FL_BUF(200);
    const char *host = fleet_pod_get(push->visit->pod, FLEET_POD_SSH_HOST);
    bool six = strchr(host, ':');

    fl_push_part_name(copy, &name);
    return fl_format("%s%s%s:%s%s%s", six ? "[" : "", host, six ? "]" : "",
                     push->plan->to, *push->plan->to ? "/" : "",
                     fl_buf_text(&name) + 2);
}

/* "  1,234,567  45%  ..." again and again. */
static void tell_progress(struct fl_pushed *push, const struct fl_copy *copy,
                          const char *text)
{
    const char *percent = strrchr(text, '%'), *digit = percent;
    int64_t done;

    while (digit && digit > text && digit[-1] >= '0' && digit[-1] <= '9')
        digit--;
    if (!digit || digit == percent)
        return;
    done = push->moved + copy->size / 100 * strtol(digit, NULL, 10);
    fl_visit_step(push->visit, fl_pace_step(done, push->to_move));
}

static int follow(struct fl_pushed *push, const struct fl_copy *copy,
                  struct fl_child *child)
{
    struct pollfd at[2] = {{.fd = child->out, .events = POLLIN},
                           {.fd = child->err, .events = POLLIN}};
    int64_t patience = fl_push_patience(push, 2 * copy->size);
    int rc = FLEET_OK;

    while (rc == 0 && (at[0].fd >= 0 || at[1].fd >= 0)) {
        push->visit->deadline = fl_deadline(patience);
        fl_visit_step(push->visit, fl_pace_step(push->moved, push->to_move));
        rc = fl_wait(at, 2, push->visit->deadline);
        for (int i = 0; rc == 0 && i < 2; i++) {
            char text[1024];
            ssize_t n = 0;

            if (at[i].fd < 0 || !at[i].revents)
                continue;
            n = read(at[i].fd, text, sizeof(text) - 1);
            if (n <= 0)
                at[i].fd = -1;
            text[n > 0 ? n : 0] = '\0';
            if (i == 0)
                tell_progress(push, copy, text);
        }
    }
    return rc;
}

static int run_rsync(struct fl_pushed *push, const struct fl_copy *copy,
                     const char *shell, const char *target)
{
    bool plain = *copy->path == '/';
    FL_AUTO_FREE char *source =
        fl_format("%s%s", plain ? "" : "./", copy->path);
    const char *const argv[] = {"rsync",      "--inplace",
                                "-s",         "--no-whole-file",
                                "-L",         "--ignore-times",
                                "-e",         shell,
                                "--outbuf=N", "--info=progress2",
                                "--",         source,
                                target,       NULL};
    struct fl_child child = {.in = -1, .out = -1, .err = -1};
    int status = -1;
    int rc = source ? fl_child_start(argv, NULL, &child, NULL) : FLEET_ENOMEM;

    if (rc < 0)
        return rc;
    close(child.in);
    child.in = -1;
    rc = follow(push, copy, &child);
    fl_child_end(&child, fl_deadline(rc < 0 ? 0 : END_MS), &status);
    if (rc < 0)
        return rc;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? FLEET_OK
                                                         : FLEET_EUNSUPPORTED;
}

static int begin_part(struct fl_pushed *push, const struct fl_copy *copy,
                      struct fleet_error *err)
{
    FL_AUTO(fl_buf_clear) struct fl_buf name = FL_BUF(2 * FL_COPY_NAME_MAX);
    FL_AUTO(fl_podsh_clear) struct fl_podsh sh = {0};

    fl_podsh_open(&sh, push->visit, fl_push_patience(push, copy->size));
    fl_push_cd(push, &sh.script);
    fl_buf_printf(&name, "./%s", copy->name);
    fl_buf_puts(&sh.script, "umask 077\ncp -- ");
    fl_shell_quote(&sh.script, fl_buf_text(&name));
    fl_buf_putc(&sh.script, ' ');
    fl_push_part_name(copy, &sh.script);
    fl_buf_puts(&sh.script, "\n");
    return fl_podsh_batch(&sh, copy->name, err);
}

int fl_push_rsync(struct fl_pushed *push, const struct fl_copy *copy,
                  struct fleet_error *err)
{
    FL_AUTO(fl_buf_clear) struct fl_buf shell = FL_BUF(16384);
    FL_AUTO_FREE char *target = make_target(push, copy);
    int rc = target ? make_shell(push, &shell) : FLEET_ENOMEM;

    if (rc < 0)
        return FLEET_EUNSUPPORTED;
    rc = begin_part(push, copy, err);
    if (rc < 0)
        return rc;
    rc = run_rsync(push, copy, fl_buf_text(&shell), target);
    if (rc == FLEET_ECANCELLED || rc == FLEET_ETIMEOUT)
        return fleet_fail(err, rc, "rsync: %s",
                          rc == FLEET_ETIMEOUT ? "not done in time"
                                               : "cancelled");
    return rc;
}
