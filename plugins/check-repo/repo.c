/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "plugins/check.h"

#include <ctype.h>
#include <inttypes.h>
#include <strings.h>

struct config {
    char *owner, *name, *branch, *path, *commit;
};
/* clang-format off */
static const struct fleet_option options[] = {
    {.key = "ARENA_REPO_OWNER", .type = FLEET_OPT_STRING,
     .help = "GitHub owner of the course repository",
     FLEET_AT(struct config, owner)},
    {.key = "ARENA_REPO_NAME", .type = FLEET_OPT_STRING,
     .help = "name of the course repository", FLEET_AT(struct config, name)},
    {.key = "DEFAULT_BRANCH", .type = FLEET_OPT_STRING, .fallback = "main",
     .help = "branch of the course repository",
     FLEET_AT(struct config, branch)},
    {.key = "CHECK_REPO_PATH", .type = FLEET_OPT_STRING,
     .help = "where that repository is on the pods; default: its name, in "
             "the home directory or in /workspace",
     FLEET_AT(struct config, path)},
    {.key = "CHECK_REPO_COMMIT", .type = FLEET_OPT_STRING,
     .help = "commit that must be checked out, or how it begins; default: the "
             "newest that the pod knows of that branch",
     FLEET_AT(struct config, commit)},
    {0},
};
/* clang-format on */

/* Somebody else's repository is not run: no hook, no pager, no file monitor. */
static const char script_text[] =
    "if [ \"$path\" ]; then\n"
    "    set -- \"$path\"\n"
    "else\n"
    "    set -- \"$HOME/$name\" \"/root/$name\" \"/workspace/$name\"\n"
    "fi\n"
    "for dir; do [ -d \"$dir/.git\" ] && break; done\n"
    "[ -d \"$dir/.git\" ] || { echo repo=absent; exit; }\n"
    "command -v git >/dev/null || { echo repo=ungit; exit; }\n"
    "echo \"repo=$dir\"\n"
    "ask() {\n"
    "    git -c safe.directory='*' -c core.fsmonitor=false"
    " -c core.hooksPath=/dev/null -C \"$dir\" \"$@\"\n"
    "}\n"
    "remote=$(ask config --get remote.origin.url) &&\n"
    "    case $remote in\n"
    "    *://*@*) echo \"remote=${remote%%://*}://${remote#*@}\" ;;\n"
    "    *) echo \"remote=$remote\" ;;\n"
    "    esac\n"
    "commit=$(ask rev-parse HEAD) && echo \"commit=$commit\"\n"
    "head=$(ask symbolic-ref --short HEAD) && echo \"branch=$head\"\n"
    "tip=$(ask rev-parse --verify \"refs/remotes/origin/$branch\") &&"
    " echo \"tip=$tip\"\n"
    "changes=$(ask --no-optional-locks status --porcelain | wc -l) &&"
    " echo \"changes=$((changes))\"\n";

static int probe(const void *config, uint32_t flags,
                 struct fleet_writer *script, struct fleet_error *err)
{
    const struct config *names = config;

    (void)flags;
    (void)err;
    if (!names->name) {
        fleet_write(script, "echo repo=unasked\n");
        return FLEET_OK;
    }
    write_assignment(script, "name", names->name);
    write_assignment(script, "path", names->path);
    write_assignment(script, "branch", names->branch);
    fleet_write(script, script_text);
    return FLEET_OK;
}

/* "owner/name" at the end of a remote of any form, without .git behind it. */
static int names_repo(const char *remote, const char *owner, const char *name)
{
    size_t len = strlen(remote), tail = strlen(name);

    while (len > 0 && remote[len - 1] == '/')
        len--;
    if (len > 4 && strncmp(remote + len - 4, ".git", 4) == 0)
        len -= 4;
    if (len < tail || strncasecmp(remote + len - tail, name, tail) != 0)
        return 0;
    len -= tail;
    if (len == 0 || remote[len - 1] != '/')
        return 0;
    tail = owner ? strlen(owner) : 0;
    len--;
    if (!owner)
        return 1;
    return len > tail && strncasecmp(remote + len - tail, owner, tail) == 0 &&
           (remote[len - tail - 1] == '/' || remote[len - tail - 1] == ':');
}

static void judge_remote(const struct config *names, const char *remote,
                         struct fleet_report *report)
{
    if (!remote)
        fleet_report(report, FLEET_FAIL, "the repository has no remote origin");
    else if (!names_repo(remote, names->owner, names->name))
        fleet_report(report, FLEET_FAIL,
                     "its remote is %.120s, not %.60s%s%.60s", remote,
                     names->owner ? names->owner : "", names->owner ? "/" : "",
                     names->name);
}

static void judge_commit(const struct config *names,
                         const struct fleet_facts *facts,
                         struct fleet_report *report)
{
    const char *commit = fleet_fact(facts, "commit");
    const char *tip = fleet_fact(facts, "tip");
    const char *branch = fleet_fact(facts, "branch");

    if (!commit)
        fleet_report(report, FLEET_FAIL,
                     "could not find out which commit is checked out");
    else if (names->commit &&
             strncasecmp(commit, names->commit, strlen(names->commit)) != 0)
        fleet_report(report, FLEET_FAIL, "commit %.12s instead of %.12s",
                     commit, names->commit);
    else if (!names->commit && !tip)
        fleet_report(report, FLEET_WARN,
                     "could not find out what is newest of branch %.60s",
                     names->branch);
    else if (!names->commit && strcmp(commit, tip) != 0)
        fleet_report(report, FLEET_WARN,
                     "commit %.12s is not the newest of %.60s, %.12s", commit,
                     names->branch, tip);
    else
        fleet_report(report, FLEET_PASS, "commit %.12s%s%.60s", commit,
                     branch ? " on " : "", branch ? branch : "");
    if (branch && strcmp(branch, names->branch) != 0)
        fleet_report(report, FLEET_WARN, "branch %.60s instead of %.60s",
                     branch, names->branch);
}

/* Why it was not asked; NULL: it was. */
static const char *needless(const struct config *names,
                            const struct fleet_facts *facts)
{
    const char *repo = fleet_fact(facts, "repo");

    if (!names->name)
        return "no ARENA_REPO_NAME is set";
    if (repo && strcmp(repo, "absent") == 0 && is_here(facts))
        return "a pod of this computer, without that repository";
    return NULL;
}

static int judge(const void *config, uint32_t flags,
                 const struct fleet_facts *facts, struct fleet_report *report,
                 struct fleet_error *err)
{
    const struct config *names = config;
    const char *repo = fleet_fact(facts, "repo");
    const char *why = needless(names, facts);
    int64_t changes = fleet_fact_number(facts, "changes", 0);

    (void)flags;
    if (why)
        fleet_report(report, FLEET_SKIP, "%s", why);
    else if (!repo)
        return fleet_fail(err, FLEET_EINTERNAL,
                          "could not find out whether the repository is there");
    else if (strcmp(repo, "absent") == 0)
        fleet_report(report, FLEET_FAIL, "the repository %.60s is not there",
                     names->name);
    else if (strcmp(repo, "ungit") == 0)
        fleet_report(report, FLEET_FAIL, "there is no git");
    else {
        judge_remote(names, fleet_fact(facts, "remote"), report);
        judge_commit(names, facts, report);
        if (changes > 0)
            fleet_report(report, FLEET_PASS, "%" PRId64 " files changed",
                         changes);
    }
    return FLEET_OK;
}

static const struct fleet_check_ops ops = {.probe = probe, .judge = judge};

const struct fleet_plugin fleet_plugin = {
    FLEET_PLUGIN_HEAD(FLEET_CHECK, check, ops),
    .name = "repo",
    .version = "1.0",
    .summary = "the course repository, its remote and its commit",
    .threads = FLEET_THREADS_PARALLEL,
    .options = options,
    .config_size = sizeof(struct config),
};
