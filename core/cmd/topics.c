/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/cmd/help.h"

#include <string.h>

static const char about_config[] =
    "Example:\n"
    "    MACHINE_NAME_PREFIX=arena\n"
    "    MACHINE_NAME_LIST=( \"apple\" \"birch\" \"cedar\" )\n"
    "    SHARED_SSH_KEY_PATH=~/.ssh/arena_key   # and its .pub beside it\n"
    "\n"
    "A value comes from the first of these that has one:\n"
    "    1. a flag\n"
    "    2. the environment, under the same name\n"
    "    3. --config FILE, else $FLEET_CONFIG, else ./config.env\n"
    "    4. $XDG_CONFIG_HOME/fleet/config.env (~/.config/fleet/config.env)\n"
    "    5. the default\n"
    "\n"
    "The file looks like shell, and is read, never run: comments, \"export\",\n"
    "single and double quotes, ~ and $HOME, arrays on one line or many.\n"
    "Anything else that a shell would expand is an error.\n"
    "\n"
    "    fleet init               writes a file with every key in it\n"
    "    fleet config show        tells each value and where it comes from\n"
    "    fleet config check       looks for mistakes\n"
    "    fleet config set KEY V   changes one line\n"
    "\n"
    "All keys: fleet-config(5). The command: fleet config --help.\n";

static const char about_targets[] =
    "Example:\n"
    "    fleet stop apple birch\n"
    "    fleet restart apple..cedar\n"
    "    fleet terminate 'b*' -x birch --on local\n"
    "\n"
    "A target is one of\n"
    "    apple            a name\n"
    "    arena-apple      the same with the cohort's prefix\n"
    "    i-0123456789     an id, as the provider knows it\n"
    "    apple..mayor     from one name to another, in the cohort's order\n"
    "    'b*' '?irch'     a pattern; quote it, or the shell expands it\n"
    "    all              every pod of the cohort\n"
    "\n"
    "-x/--exclude LIST takes pods out again, --on PROVIDER keeps one\n"
    "provider's. A target that matches nothing is an error. Commands that\n"
    "stop or destroy never mean all pods unless you say so.\n";

static const char about_exit[] =
    "Example:\n"
    "    fleet create -n 20 -y || case $? in 5) echo no capacity;; esac\n"
    "\n"
    "    0    all done\n"
    "    1    failed\n"
    "    2    usage or configuration\n"
    "    3    partial: some pods done, some not\n"
    "    4    refused: needs --yes, is locked, above a cap, or unsafe\n"
    "    5    no capacity for any of them\n"
    "    6    credentials refused\n"
    "    7    a provider could not be reached, or gave an answer that cannot\n"
    "         be trusted\n"
    "    8    differences found\n"
    "    130  interrupted\n";

static const char about_json[] =
    "Example:\n"
    "    fleet list --json | jq -r '.pods[] | select(.ssh) | .ssh.host'\n"
    "\n"
    "With --json (or -o json) one document goes to standard output, also when\n"
    "the command fails. Each has\n"
    "    \"fleet\": 1     the version of this schema\n"
    "    \"errors\": [{\"code\", \"message\", \"pod\", \"provider\",\n"
    "                \"retry_after_s\"}]   when something failed\n"
    "\n"
    "The codes: auth capacity quota not_found conflict invalid rate_limited\n"
    "transient ambiguous unsupported locked cancelled timeout internal usage\n"
    "config refused.\n"
    "\n"
    "New keys may be added; none changes its meaning while \"fleet\" is 1. "
    "What\n"
    "is not known is null. Prices are numbers, an hour, in \"currency\".\n"
    "-o csv prints tables as CSV with a line of headings.\n";

static const char about_providers[] =
    "Example:\n"
    "    fleet providers\n"
    "    fleet providers local\n"
    "    PROVIDERS=\"local manual\" fleet list\n"
    "\n"
    "A provider is where pods come from. Each is a plugin: a file in one of\n"
    "the directories of FLEET_PLUGIN_PATH, or where fleet is installed.\n"
    "`fleet plugins` lists all of them, and why one was refused.\n"
    "\n"
    "PROVIDERS in config.env names those to use, in order of preference.\n"
    "Without it those are used whose credentials are set; when there are "
    "none,\n"
    "the one that needs no account.\n"
    "\n"
    "A provider can be any program that speaks JSON lines: fleet-provider(7).\n"
    "The command: fleet providers --help.\n";

const struct fl_topic fl_topics[] = {
    {"config", "where settings come from, and what config.env looks like",
     about_config},
    {"targets", "how pods are named on the command line", about_targets},
    {"exit", "exit statuses", about_exit},
    {"json", "output for programs", about_json},
    {"providers", "where pods come from", about_providers},
    {0},
};

const struct fl_topic *fl_topic_find(const char *name)
{
    for (size_t i = 0; fl_topics[i].name; i++) {
        if (strcmp(fl_topics[i].name, name) == 0)
            return &fl_topics[i];
    }
    return NULL;
}
