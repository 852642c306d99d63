/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/engine/bgvisit.h"

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/text.h"
#include "core/engine/bgscript.h"
#include "core/engine/onpod.h"

#include <stdio.h>
#include <string.h>

#define ANSWER_MAX (256 * 1024)
#define LOG_HALF   ((int64_t)32 << 20) /* twice that is kept of a log */
#define JOBS_MAX   1000                /* of one pod */

/* ---- what a pod says ---- */

/* The next word, cut off; "" at the end. */
static char *next_word(char **at)
{
    char *word = *at + strspn(*at, " ");
    size_t len = strcspn(word, " ");

    *at = word + len + (word[len] ? 1 : 0);
    word[len] = '\0';
    return word;
}

static bool is_state(const char *word)
{
    static const char *const states[] = {"running", "exited", "lost",
                                         "gone",    "failed", NULL};

    for (size_t i = 0; states[i]; i++) {
        if (strcmp(states[i], word) == 0)
            return true;
    }
    return false;
}

static void take_number(int64_t *number, const char *text)
{
    int64_t read;

    if (fl_parse_int(text, 0, INT64_MAX, &read))
        *number = read;
}

static void take_stamp(char out[32], const char *text)
{
    if (fl_stamp_parse(text) >= 0)
        snprintf(out, 32, "%s", text);
}

static void take_value(struct fl_bg_seen *seen, const char *key,
                       const char *value)
{
    if (strcmp(key, "exit") == 0)
        take_number(&seen->status, value);
    else if (strcmp(key, "pid") == 0)
        take_number(&seen->pid, value);
    else if (strcmp(key, "log") == 0)
        take_number(&seen->log_bytes, value);
    else if (strcmp(key, "sent") == 0)
        take_number(&seen->sent, value);
    else if (strcmp(key, "began") == 0)
        take_stamp(seen->began, value);
    else if (strcmp(key, "ended") == 0)
        take_stamp(seen->ended, value);
}

bool fl_bg_read(const char *text, struct fl_bg_seen *seen)
{
    FL_AUTO_FREE char *copy = strdup(text);
    char *at = copy, *word;

    *seen = (struct fl_bg_seen){
        .status = -1, .pid = -1, .log_bytes = -1, .sent = -1};
    if (!copy)
        return false;
    word = next_word(&at);
    if (strlen(word) != FL_BGJOB_ID_SIZE - 1)
        return false;
    snprintf(seen->id, sizeof(seen->id), "%s", word);
    word = next_word(&at);
    if (!is_state(word))
        return false;
    snprintf(seen->state, sizeof(seen->state), "%s", word);
    while (*(word = next_word(&at))) {
        if (strcmp(word, "why") == 0) {
            snprintf(seen->why, sizeof(seen->why), "%s", at);
            break;
        }
        take_value(seen, word, next_word(&at));
    }
    return true;
}

static int said(void *arg, const char *key, char *text, struct fleet_error *err)
{
    struct fl_bg_answer *answer = arg;
    struct fl_bg_seen seen, *more;

    if (strcmp(key, "job") != 0 || !fl_bg_read(text, &seen) ||
        !strstr(answer->ids, seen.id) || answer->n == JOBS_MAX)
        return FLEET_OK;
    more = reallocarray(answer->at, answer->n + 1, sizeof(*more));
    if (!more)
        return fl_enomem(err);
    answer->at = more;
    answer->at[answer->n++] = seen;
    return FLEET_OK;
}

const struct fl_bg_seen *fl_bg_seen_of(const struct fl_visit_result *result,
                                       const char *id)
{
    const struct fl_bg_answer *answer = result->own;

    for (size_t i = 0; answer && i < answer->n; i++) {
        if (strcmp(answer->at[i].id, id) == 0)
            return &answer->at[i];
    }
    return NULL;
}

/* ---- on the pod ---- */

/* The words of the command go into a script, its input into a file of its own.
 */
static int send_input(struct fl_visit *visit, const struct fl_bg_task *task,
                      const char *id, struct fleet_error *err)
{
    FL_AUTO_FREE char *command =
        fl_format("exec sh -c '%s' fleet %s", fl_bgscript_input, id);
    struct fl_ssh_exec exec = {
        .input = task->input, .input_len = task->input_len, .max_err = 4096};
    int rc;

    if (!task->input)
        return FLEET_OK;
    fl_visit_step(visit, "sending the input");
    if (!command)
        return fl_enomem(err);
    exec.command = command;
    rc = fl_visit_run(visit, &exec, err);
    if (rc == 0 && exec.status != 0)
        rc = fleet_fail(err, FLEET_ECONFLICT,
                        "the input cannot be kept on the pod: %.*s",
                        (int)strcspn(exec.err_text, "\n"), exec.err_text);
    fl_ssh_exec_clear(&exec);
    return rc;
}

static const char *body_of(enum fl_bg_verb verb)
{
    switch (verb) {
    case FL_BG_START:
        return fl_bgscript_start;
    case FL_BG_KILL:
        return fl_bgscript_kill;
    case FL_BG_CLEAN:
        return fl_bgscript_clean;
    default:
        return fl_bgscript_look;
    }
}

static int make_script(const struct fl_bg_answer *answer,
                       struct fl_onpod *script, struct fleet_error *err)
{
    const struct fl_bg_task *task = &answer->task;
    int rc = fl_onpod_open(script, err);

    if (rc < 0)
        return rc;
    fl_onpod_set(script, "ids", answer->ids);
    if (task->verb == FL_BG_START) {
        fl_onpod_set(script, "id", answer->ids);
        fl_onpod_set(script, "command", task->command);
        fl_onpod_set_number(script, "half", LOG_HALF);
    }
    if (task->verb == FL_BG_KILL)
        fl_onpod_set(script, "signal", task->signal);
    fl_buf_puts(&script->text, fl_bgscript_common);
    fl_onpod_add(script, body_of(task->verb));
    return FLEET_OK;
}

/* A job that could not be started is a failure of that pod. */
static int check_start(const struct fl_bg_answer *answer,
                       struct fleet_error *err)
{
    const struct fl_bg_seen *seen = answer->n ? &answer->at[0] : NULL;

    if (seen && strcmp(seen->state, "failed") != 0)
        return FLEET_OK;
    return fleet_fail(err, FLEET_ECONFLICT, "not started: %s",
                      seen && seen->why[0] ? seen->why : "it does not say why");
}

static int work(struct fl_visit *visit, struct fleet_error *err)
{
    FL_AUTO(fl_onpod_clear) struct fl_onpod script = {0};
    struct fl_bg_answer *answer = visit->own;
    const struct fl_bg_task *task = &answer->task;
    bool starts = task->verb == FL_BG_START;
    int rc = make_script(answer, &script, err);

    if (rc == 0 && starts)
        rc = send_input(visit, task, answer->ids, err);
    fl_visit_step(visit, starts ? "starting" : "asking");
    if (rc == 0)
        rc = fl_onpod_run(visit, &script, ANSWER_MAX, said, answer, err);
    return rc == 0 && starts ? check_start(answer, err) : rc;
}

static int begin(const void *arg, const struct fl_member *member, void *own,
                 struct fleet_error *err)
{
    const struct fl_bg_task *task = arg;
    struct fl_bg_answer *answer = own;

    (void)err;
    answer->task = *task;
    answer->ids = task->ids[member - task->to.fleet->members];
    return FLEET_OK;
}

static void clear(void *own)
{
    free(((struct fl_bg_answer *)own)->at);
}

int fl_bg_visit(const struct fl_bg_task *task, struct fl_visit_results *results,
                struct fleet_error *err)
{
    static const struct fl_visit_kind kind = {
        .own_size = sizeof(struct fl_bg_answer),
        .begin = begin,
        .work = work,
        .clear = clear,
    };

    return fl_visit_all(&task->to, &kind, task, results, err);
}
