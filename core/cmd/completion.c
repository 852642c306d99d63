/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/base/error.h"
#include "core/cmd/commands.h"
#include "core/cmd/output.h"

#include <string.h>

/* Each asks `fleet __complete` and so is never out of date. What it answers is
 * one word a line, with a tab and an explanation behind some. Where it knows
 * nothing, the shell completes file names. */
static const char bash_script[] =
    "# bash completion for fleet; in ~/.bashrc:\n"
    "#     eval \"$(fleet completion bash)\"\n"
    "_fleet() {\n"
    "    local line word=\"${COMP_WORDS[COMP_CWORD]}\"\n"
    "    COMPREPLY=()\n"
    "    while IFS= read -r line; do\n"
    "        COMPREPLY+=(\"${line%%$'\\t'*}\")\n"
    "    done < <(\"${COMP_WORDS[0]}\" __complete -- \\\n"
    "        \"${COMP_WORDS[@]:1:COMP_CWORD-1}\" \"$word\" 2>/dev/null)\n"
    "}\n"
    "complete -o bashdefault -o default -F _fleet fleet\n";

static const char zsh_script[] =
    "#compdef fleet\n"
    "# zsh completion for fleet; in ~/.zshrc, behind compinit:\n"
    "#     eval \"$(fleet completion zsh)\"\n"
    "_fleet() {\n"
    "    local -a found\n"
    "    local line word\n"
    "    while IFS= read -r line; do\n"
    "        word=\"${line%%$'\\t'*}\"\n"
    "        if [[ \"$line\" == *$'\\t'* ]]; then\n"
    "            found+=(\"${word//:/\\\\:}:${line#*$'\\t'}\")\n"
    "        else\n"
    "            found+=(\"${word//:/\\\\:}\")\n"
    "        fi\n"
    "    done < <(\"${words[1]}\" __complete -- \"${(@)words[2,CURRENT]}\" "
    "2>/dev/null)\n"
    "    if (( ${#found} )); then\n"
    "        _describe fleet found\n"
    "    else\n"
    "        _files\n"
    "    fi\n"
    "}\n"
    "compdef _fleet fleet\n";

static const char fish_script[] =
    "# fish completion for fleet; once:\n"
    "#     fleet completion fish > ~/.config/fish/completions/fleet.fish\n"
    "function __fleet_complete\n"
    "    set -l words (commandline -opc)\n"
    "    set -l word (commandline -ct)\n"
    "    set -l found ($words[1] __complete -- $words[2..-1] \"$word\" "
    "2>/dev/null)\n"
    "    if test (count $found) -gt 0\n"
    "        printf '%s\\n' $found\n"
    "    else\n"
    "        __fish_complete_path \"$word\"\n"
    "    end\n"
    "end\n"
    "complete -c fleet -f -a '(__fleet_complete)'\n";

static const struct {
    const char *shell, *script;
} scripts[] = {
    {"bash", bash_script},
    {"zsh", zsh_script},
    {"fish", fish_script},
};

static const char *const shells[] = {"bash", "zsh", "fish", NULL};

static int run(struct fl_context *context, const void *options)
{
    (void)options;
    if (context->n_args != 1)
        return fl_usage(context, "one of bash, zsh and fish is meant");
    for (size_t i = 0; i < sizeof(scripts) / sizeof(*scripts); i++) {
        if (strcmp(context->args[0], scripts[i].shell) != 0)
            continue;
        if (context->format == FL_FORMAT_JSON)
            fl_json_put(context->document, "script",
                        fl_json_text(scripts[i].script));
        else
            fl_print(context, scripts[i].script);
        return FL_EXIT_OK;
    }
    return fl_usage(context, "%s: one of bash, zsh and fish is meant",
                    context->args[0]);
}

const struct fl_command fl_cmd_completion = {
    .name = "completion",
    .group = "This program",
    .summary = "print a script that completes fleet's words in your shell",
    .synopsis = "bash | zsh | fish",
    .example = "eval \"$(fleet completion bash)\"",
    .about = "Completes commands, flags, names of pods and providers, and help "
             "topics.",
    .args = FL_ARGS_WORDS,
    .words = shells,
    .run = run,
};
