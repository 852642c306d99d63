/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/cmd/talk.h"

#include "core/base/cancel.h"
#include "core/base/text.h"
#include "core/cmd/screen.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <strings.h>
#include <termios.h>
#include <unistd.h>

#define ANSWER_MAX (64 * 1024)

bool fl_can_ask(void)
{
    return isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
}

/* Until there is something to read; false on Ctrl-C. */
static bool wait_for_input(void)
{
    struct pollfd fds[] = {{.fd = STDIN_FILENO, .events = POLLIN},
                           {.fd = fl_cancel_fd(), .events = POLLIN}};

    while (poll(fds, 2, -1) < 0) {
        if (errno != EINTR)
            return false;
    }
    return !fds[1].revents;
}

/* A byte at a time: what follows the line belongs to others. */
static char *read_line(void)
{
    FL_AUTO(fl_buf_clear) struct fl_buf line = {0};
    char c = '\0';

    fl_buf_init(&line, ANSWER_MAX);
    while (c != '\n') {
        if (!wait_for_input() || read(STDIN_FILENO, &c, 1) != 1) {
            fl_screen_line("");
            return NULL;
        }
        if (c != '\n' && fl_buf_putc(&line, c) < 0)
            return NULL;
    }
    return fl_buf_take(&line);
}

char *fl_ask(const char *question, const char *fallback)
{
    FL_AUTO_FREE char *prompt = fallback
                                    ? fl_format("%s [%s] ", question, fallback)
                                    : fl_format("%s ", question);
    FL_AUTO_FREE char *line = NULL;

    if (!prompt)
        return NULL;
    fl_screen_prompt(prompt);
    line = read_line();
    if (line && !*line && fallback)
        return strdup(fallback);
    return fl_take(line);
}

char *fl_ask_secret(const char *question)
{
    struct termios before, hidden;
    bool was = tcgetattr(STDIN_FILENO, &before) == 0;
    char *line;

    if (was) {
        hidden = before;
        hidden.c_lflag &= ~(tcflag_t)ECHO;
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
    }
    line = fl_ask(question, NULL);
    if (was)
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
    if (line)
        fl_screen_line("");
    return line;
}

/* Asks unless --yes; *answer stays NULL then. PROMPT is the question with what
 * may be answered. */
static int get_answer(struct fl_context *context, const char *question,
                      const char *prompt, char **answer,
                      struct fleet_error *err)
{
    if (context->globals.yes)
        return FLEET_OK;
    if (!fl_can_ask())
        return fleet_fail(err, FLEET_EREFUSED,
                          "%s Nobody to ask without a terminal: give --yes to "
                          "go ahead; nothing was done",
                          question);
    *answer = fl_ask(prompt ? prompt : question, NULL);
    if (fl_cancelled())
        return fleet_fail(err, FLEET_ECANCELLED, "interrupted");
    if (!*answer)
        return fleet_fail(err, FLEET_EREFUSED, "no answer: nothing was done");
    return FLEET_OK;
}

static bool means_yes(const char *answer)
{
    return strcasecmp(answer, "y") == 0 || strcasecmp(answer, "yes") == 0;
}

int fl_confirm(struct fl_context *context, const char *question,
               struct fleet_error *err)
{
    FL_AUTO_FREE char *prompt = fl_format("%s [y/N]", question);
    FL_AUTO_FREE char *answer = NULL;
    int rc = get_answer(context, question, prompt, &answer, err);

    if (rc == 0 && answer && !means_yes(answer))
        return fleet_fail(err, FLEET_EREFUSED,
                          "the answer was not yes: nothing was done");
    return rc;
}

int fl_consent(struct fl_context *context, const char *deed,
               struct fleet_error *err)
{
    if (context->globals.yes || fl_can_ask())
        return FLEET_OK;
    return fleet_fail(err, FLEET_EREFUSED,
                      "%s without a terminal needs --yes; nothing was done",
                      deed);
}

int fl_confirm_word(struct fl_context *context, const char *question,
                    const char *expected, struct fleet_error *err)
{
    FL_AUTO_FREE char *prompt =
        fl_format("%s Type %s to go ahead:", question, expected);
    FL_AUTO_FREE char *answer = NULL;
    int rc = get_answer(context, question, prompt, &answer, err);

    if (rc == 0 && answer && strcmp(answer, expected) != 0)
        return fleet_fail(err, FLEET_EREFUSED,
                          "the answer was not \"%s\": nothing was done",
                          expected);
    return rc;
}
