/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/engine/checks.h"

#include "core/base/call.h"
#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/text.h"
#include "core/engine/scripts.h"
#include "core/model/writer.h"

#include <inttypes.h>
#include <string.h>

#define USER_DIR      "checks.d"
#define USER_LIMIT_MS 30000
#define USER_DEEP_MS  300000
#define LIMIT_MS      10000
#define PROBE_MAX     65536
#define SCRIPT_MAX    (4 << 20)
#define MOST_CHECKS   500
#define DETAIL_MAX    2000

static int add_check(struct fl_checks *checks, const struct fl_check *check)
{
    struct fl_check *more;

    if (checks->n == MOST_CHECKS)
        return FLEET_ENOMEM;
    more = reallocarray(checks->at, checks->n + 1, sizeof(*more));
    if (!more)
        return FLEET_ENOMEM;
    checks->at = more;
    checks->at[checks->n++] = *check;
    return FLEET_OK;
}

static bool is_deep(const struct fl_checks *checks)
{
    return checks->flags & FLEET_CHECK_DEEP;
}

/* ---- those of plugins ---- */

static int64_t limit_of(const struct fl_checks *checks,
                        const struct fleet_check_ops *ops)
{
    int64_t quick = ops->limit_ms > 0 ? ops->limit_ms : LIMIT_MS;

    return is_deep(checks) && ops->deep_limit_ms > 0 ? ops->deep_limit_ms
                                                     : quick;
}

static int write_probe(struct fl_checks *checks, struct fl_check *check,
                       struct fleet_error *err)
{
    FL_AUTO(fl_writer_clear) struct fleet_writer out = FL_WRITER(PROBE_MAX);
    const struct fleet_check_ops *ops = &check->plugin->check;
    int rc;

    if (!ops->probe)
        return FLEET_OK;
    fleet_write(&out, ""); /* a probe may be empty, and it is one */
    rc = ops->probe(check->config, checks->flags, &out, err);
    if (rc == 0)
        rc = fl_writer_check(&out, "its probe", err);
    if (rc < 0)
        return fl_error_in(err, "check %s", check->name);
    check->script = fl_buf_take(&out.buf);
    check->limit_ms = limit_of(checks, ops);
    return check->script ? FLEET_OK : fl_enomem(err);
}

static int open_plugin(struct fl_engine *engine, struct fl_checks *checks,
                       struct fl_check *check, struct fleet_error *err)
{
    const struct fl_plugin *plugin = check->plugin;
    int rc;

    check->config = calloc(1, (size_t)plugin->about.config_size + 1);
    if (!check->config)
        return fl_enomem(err);
    rc = fl_config_fill(&engine->config, &plugin->options, check->config, true,
                        err);
    return rc < 0 ? rc : write_probe(checks, check, err);
}

static int add_plugins(struct fl_engine *engine, struct fl_checks *checks)
{
    for (size_t i = 0; i < engine->plugins.n; i++) {
        struct fl_plugin *plugin = engine->plugins.at[i];
        struct fl_check check = {.name = plugin->about.name, .plugin = plugin};

        if (plugin->status == FL_PLUGIN_LOADED &&
            plugin->about.kind == FLEET_CHECK && add_check(checks, &check) < 0)
            return FLEET_ENOMEM;
    }
    return FLEET_OK;
}

/* ---- those of the user ---- */

/* What a script asks to be run by; NULL: neither sh nor bash. */
static const char *shell_of(const char *text)
{
    static const struct {
        const char *end, *shell;
    } shells[] = {{"/sh", "sh"},
                  {"/bash", "bash"},
                  {"/env sh", "sh"},
                  {"/env bash", "bash"},
                  {"/dash", "sh"}};
    size_t len = strcspn(text, "\r\n");

    if (strncmp(text, "#!", 2) != 0)
        return "sh";
    for (size_t i = 0; i < sizeof(shells) / sizeof(*shells); i++) {
        const char *at = strstr(text, shells[i].end);
        size_t end = strlen(shells[i].end);

        if (at && at < text + len && strchr(" \r\n", at[end]))
            return shells[i].shell;
    }
    return NULL;
}

static int read_script(const char *path, struct fl_check *check,
                       struct fleet_error *err)
{
    FL_AUTO(fl_buf_clear) struct fl_buf text = FL_BUF(PROBE_MAX);
    FL_AUTO(fl_buf_clear) struct fl_buf script = FL_BUF(5 * PROBE_MAX);
    const char *shell;
    int rc = fl_path_trusted(path, err);

    if (rc == 0)
        rc = fl_file_read(path, &text, err);
    if (rc < 0)
        return rc;
    shell = shell_of(fl_buf_text(&text));
    if (!shell || strlen(fl_buf_text(&text)) != text.len)
        return fleet_fail(err, FLEET_ECONFIG,
                          "%s: no script for sh or bash: pods are asked with "
                          "nothing else",
                          path);
    fl_buf_printf(&script, "exec 2>&1; exec %s -c ", shell);
    fl_shell_quote(&script, fl_buf_text(&text));
    fl_buf_printf(&script, " %s", check->name);
    check->script = fl_buf_take(&script);
    return check->script ? FLEET_OK : fl_enomem(err);
}

static int check_user_name(const char *path, const char *name,
                           const struct fl_checks *checks,
                           struct fleet_error *err)
{
    if (!fl_name_valid(name))
        return fleet_fail(err, FLEET_ECONFIG,
                          "%s: a check is called [a-z0-9-]: rename it", path);
    for (size_t i = 0; i < checks->n; i++) {
        if (strcmp(checks->at[i].name, name) == 0)
            return fleet_fail(err, FLEET_ECONFIG,
                              "%s: there is a check of that name already: "
                              "rename it",
                              path);
    }
    return FLEET_OK;
}

static int add_script(struct fl_checks *checks, const char *path,
                      const char *name, struct fleet_error *err)
{
    struct fl_check check = {
        .name = name,
        .limit_ms = is_deep(checks) ? USER_DEEP_MS : USER_LIMIT_MS,
    };
    int rc = check_user_name(path, name, checks, err);

    if (rc == 0)
        rc = read_script(path, &check, err);
    if (rc == 0 && add_check(checks, &check) < 0)
        rc = fl_enomem(err);
    if (rc < 0)
        free(check.script);
    return rc;
}

static int add_scripts(struct fl_engine *engine, struct fl_checks *checks,
                       struct fleet_error *err)
{
    FL_AUTO_FREE char *dir =
        fl_path_join(engine->config.dir ? engine->config.dir : ".", USER_DIR);
    int rc = dir ? fl_scripts_list(dir, &checks->scripts, err) : fl_enomem(err);

    for (size_t i = 0; rc == 0 && i < checks->scripts.n; i++) {
        const char *name = checks->scripts.at[i];
        FL_AUTO_FREE char *path =
            fl_format("%s/%s" FL_SCRIPT_SUFFIX, dir, name);

        rc = path ? add_script(checks, path, name, err) : fl_enomem(err);
    }
    return rc;
}

/* ---- the set of a run ---- */

static void check_clear(struct fl_check *check)
{
    if (check->plugin && check->config)
        fl_options_clear(&check->plugin->options, check->config);
    free(check->config);
    free(check->script);
}

void fl_checks_close(struct fl_checks *checks)
{
    for (size_t i = 0; i < checks->n; i++)
        check_clear(&checks->at[i]);
    free(checks->at);
    fl_strv_clear(&checks->scripts);
    fl_buf_clear(&checks->script);
    *checks = (struct fl_checks){0};
}

static struct fl_check *find(const struct fl_checks *checks, const char *name)
{
    for (size_t i = 0; i < checks->n; i++) {
        if (strcmp(checks->at[i].name, name) == 0)
            return &checks->at[i];
    }
    return NULL;
}

static int no_such_check(const struct fl_checks *checks, const char *name,
                         struct fleet_error *err)
{
    FL_AUTO_FREE const char **names = calloc(checks->n + 1, sizeof(*names));
    FL_AUTO(fl_buf_clear) struct fl_buf all = FL_BUF(300);
    const char *near;

    if (!names)
        return fl_enomem(err);
    for (size_t i = 0; i < checks->n; i++) {
        names[i] = checks->at[i].name;
        fl_buf_printf(&all, "%s%s", i ? " " : "", names[i]);
    }
    near = fl_closest(name, names);
    return fleet_fail(err, FLEET_EUSAGE,
                      "--only: no check is called %.64s%s%s%s (there are: %s)",
                      name, near ? "; did you mean " : "", near ? near : "",
                      near ? "?" : "", fl_buf_text(&all));
}

/* Leaves those that ONLY names. */
static int narrow(struct fl_checks *checks, const char *only,
                  struct fleet_error *err)
{
    FL_AUTO(fl_strv_clear) struct fl_strv names = {0};
    size_t kept = 0;

    if (fl_strv_split(&names, only, ", \n") < 0)
        return fl_enomem(err);
    for (size_t i = 0; i < names.n; i++) {
        if (!find(checks, names.at[i]))
            return no_such_check(checks, names.at[i], err);
    }
    for (size_t i = 0; i < checks->n; i++) {
        if (fl_strv_has(&names, checks->at[i].name))
            checks->at[kept++] = checks->at[i];
        else
            check_clear(&checks->at[i]);
    }
    checks->n = kept;
    return kept ? FLEET_OK
                : fleet_fail(err, FLEET_EUSAGE, "--only: names no check");
}

/* The connection first: it is the reason for much of the rest. */
static void put_connection_first(struct fl_checks *checks)
{
    size_t front = 0;

    for (size_t i = 0; i < checks->n; i++) {
        struct fl_check check = checks->at[i];

        if (check.script)
            continue;
        memmove(&checks->at[front + 1], &checks->at[front],
                (i - front) * sizeof(check));
        checks->at[front++] = check;
    }
}

static int compose(struct fl_checks *checks, struct fleet_error *err)
{
    FL_AUTO_FREE struct fl_probe *probes = calloc(checks->n, sizeof(*probes));
    int rc = probes ? fl_nonce(checks->nonce, err) : fl_enomem(err);

    if (rc < 0)
        return rc;
    for (size_t i = 0; i < checks->n; i++) {
        struct fl_check *check = &checks->at[i];

        if (!check->script)
            continue;
        check->probe = checks->n_probes;
        probes[checks->n_probes++] =
            (struct fl_probe){check->script, check->limit_ms, !check->plugin};
    }
    checks->script = FL_BUF(SCRIPT_MAX);
    fl_checkup_compose(probes, checks->n_probes, checks->nonce,
                       &checks->script);
    return fl_buf_check(&checks->script, "all probes together", err);
}

static int open_all(struct fl_engine *engine, const char *only,
                    struct fl_checks *checks, struct fleet_error *err)
{
    int rc = add_plugins(engine, checks) < 0 ? fl_enomem(err) : FLEET_OK;

    if (rc == 0)
        rc = add_scripts(engine, checks, err);
    if (rc == 0 && checks->n == 0)
        rc = fleet_fail(err, FLEET_ECONFIG,
                        "there are no checks: no plugin of that kind is "
                        "loaded; see `fleet plugins`");
    if (rc == 0 && only)
        rc = narrow(checks, only, err);
    for (size_t i = 0; rc == 0 && i < checks->n; i++) {
        if (checks->at[i].plugin)
            rc = open_plugin(engine, checks, &checks->at[i], err);
    }
    if (rc < 0)
        return rc;
    put_connection_first(checks);
    return compose(checks, err);
}

int fl_checks_open(struct fl_engine *engine, const char *only, uint32_t flags,
                   struct fl_checks *checks, struct fleet_error *err)
{
    int rc;

    *checks = (struct fl_checks){.flags = flags};
    rc = open_all(engine, only, checks, err);
    if (rc < 0)
        fl_checks_close(checks);
    return rc;
}

/* ---- judging ---- */

bool fl_pod_is_here(const struct fleet_pod *pod)
{
    const char *host = fleet_pod_get(pod, FLEET_POD_SSH_HOST);
    int64_t gpus = fleet_pod_get_number(pod, FLEET_POD_GPUS, -1);

    if (!host || gpus > 0 || (gpus < 0 && fleet_pod_get(pod, FLEET_POD_GPU)))
        return false;
    return strncmp(host, "127.", 4) == 0 || strcmp(host, "::1") == 0 ||
           strcmp(host, "localhost") == 0;
}

void fl_finding_clear(struct fl_finding *finding)
{
    free(finding->detail);
    fl_facts_clear(&finding->facts);
    *finding = (struct fl_finding){0};
}

static int conclude(struct fl_finding *finding, int verdict, char *detail)
{
    free(finding->detail);
    finding->verdict = verdict;
    finding->detail = detail;
    return detail ? FLEET_OK : FLEET_ENOMEM;
}

/* What the host knows of the connection and the clocks. */
static int tell_facts(struct fleet_facts *facts, const struct fl_answer *answer)
{
    const struct {
        const char *key;
        int64_t value;
    } numbers[] = {{"open_ms", answer->open_ms},
                   {"run_ms", answer->run_ms},
                   {"asked_at", answer->asked_at},
                   {"answered_at", answer->answered_at}};
    int rc = FLEET_OK;

    facts->pod = answer->pod;
    facts->elapsed_ms = answer->open_ms;
    for (size_t i = 0; rc == 0 && i < sizeof(numbers) / sizeof(*numbers); i++) {
        if (numbers[i].value >= 0)
            rc = fl_facts_tell_number(facts, numbers[i].key, numbers[i].value);
    }
    if (rc == 0 && fl_pod_is_here(answer->pod))
        rc = fl_facts_tell(facts, "here", "yes");
    if (rc == 0 && answer->stage)
        rc = fl_facts_tell(facts, "stage", answer->stage);
    if (rc == 0 && answer->stage)
        rc = fl_facts_tell(facts, "error", answer->error->text);
    return rc;
}

/* One at a time, where the plugin asks for that. */
static int call_judge(const struct fl_checks *checks,
                      const struct fl_check *check, int64_t limit_ms,
                      const struct fleet_facts *facts,
                      struct fleet_report *report, struct fleet_error *err)
{
    struct fl_gate *gate = &check->plugin->gate;
    struct fl_turn *turn = check->plugin->about.threads < FLEET_THREADS_PARALLEL
                               ? &gate->turn
                               : NULL;
    int64_t deadline = fl_deadline(limit_ms), before;
    int rc = fl_gate_enter(gate, turn, 0, &deadline, err);

    if (rc < 0)
        return fl_error_in(err, "check %s", check->name);
    before = fl_call_begin(deadline);
    rc = check->plugin->check.judge(check->config, checks->flags, facts, report,
                                    err);
    fl_call_end(before);
    fl_gate_leave(gate, turn);
    return rc;
}

static int ask_judge(const struct fl_checks *checks,
                     const struct fl_check *check, int64_t limit_ms,
                     struct fl_finding *finding)
{
    FL_AUTO(fl_report_clear) struct fleet_report report = {0};
    struct fleet_error why = {0};
    int verdict;

    fl_report_init(&report);
    if (call_judge(checks, check, limit_ms, &finding->facts, &report, &why) < 0)
        return conclude(finding, FLEET_FAIL, strdup(why.text));
    verdict = fl_report_verdict(&report);
    if (finding->facts.timed_out && verdict == FLEET_PASS)
        return conclude(finding, FLEET_FAIL,
                        fl_format("gave no whole answer within %" PRId64 " s",
                                  check->limit_ms / 1000));
    return conclude(finding, verdict, strdup(fl_buf_text(&report.detail)));
}

/* The output of a user's script without what blanks are at its ends. */
static char *output_of(const struct fl_section *section)
{
    const char *text = fl_buf_text(&section->text);
    size_t len = strlen(text);

    while (len > 0 && strchr(" \t\r\n", text[len - 1]))
        len--;
    if (len <= DETAIL_MAX)
        return strndup(text, len);
    return fl_format("%.*s...", DETAIL_MAX, text);
}

static int judge_script(const struct fl_check *check,
                        const struct fl_section *section,
                        struct fl_finding *finding)
{
    static const int verdicts[] = {FLEET_PASS, FLEET_FAIL, FLEET_WARN};
    FL_AUTO_FREE char *output = output_of(section);
    const char *colon = output && *output ? ": " : "";

    if (!output)
        return FLEET_ENOMEM;
    if (section->timed_out)
        return conclude(finding, FLEET_FAIL,
                        fl_format("not done after %" PRId64 " s%s%s",
                                  check->limit_ms / 1000, colon, output));
    if (section->status < 3 && *output)
        return conclude(finding, verdicts[section->status], fl_take(output));
    return conclude(
        finding, section->status < 3 ? verdicts[section->status] : FLEET_FAIL,
        section->status == 0
            ? strdup("")
            : fl_format("exit status %d%s%s", section->status, colon, output));
}

static int tell_unasked(const struct fl_answer *answer,
                        struct fl_finding *finding)
{
    finding->unasked = true;
    return conclude(finding, FLEET_FAIL,
                    fl_format("could not be asked (%s)", answer->stage));
}

static int judge_section(const struct fl_checks *checks,
                         const struct fl_check *check,
                         const struct fl_answer *answer, int64_t limit_ms,
                         struct fl_finding *finding)
{
    const struct fl_section *section =
        answer->sections ? &answer->sections[check->probe] : NULL;

    if (!section || (section->status < 0 && !section->timed_out))
        return answer->stage
                   ? tell_unasked(answer, finding)
                   : conclude(finding, FLEET_FAIL,
                              strdup("the probe did not come to its end on "
                                     "the pod"));
    finding->facts.timed_out = section->timed_out;
    if (fl_facts_parse(&finding->facts, fl_buf_text(&section->text),
                       section->text.len) < 0)
        return FLEET_ENOMEM;
    return check->plugin ? ask_judge(checks, check, limit_ms, finding)
                         : judge_script(check, section, finding);
}

/* The pod of the facts may be gone when they are looked at again. */
static int hand_over(int rc, struct fl_finding *finding,
                     struct fleet_error *err)
{
    finding->facts.pod = NULL;
    if (rc == 0)
        return FLEET_OK;
    fl_finding_clear(finding);
    return fl_enomem(err);
}

int fl_check_judge(const struct fl_checks *checks, const struct fl_check *check,
                   const struct fl_answer *answer, int64_t limit_ms,
                   struct fl_finding *finding, struct fleet_error *err)
{
    int rc;

    *finding = (struct fl_finding){0};
    rc = tell_facts(&finding->facts, answer);
    if (rc == 0)
        rc = check->script
                 ? judge_section(checks, check, answer, limit_ms, finding)
                 : ask_judge(checks, check, limit_ms, finding);
    return hand_over(rc, finding, err);
}

int fl_check_fail(const struct fl_check *check, const struct fl_answer *answer,
                  struct fl_finding *finding, struct fleet_error *err)
{
    int rc;

    *finding = (struct fl_finding){0};
    rc = tell_facts(&finding->facts, answer);
    if (rc == 0)
        rc = check->script
                 ? tell_unasked(answer, finding)
                 : conclude(finding, FLEET_FAIL, strdup(answer->error->text));
    return hand_over(rc, finding, err);
}
