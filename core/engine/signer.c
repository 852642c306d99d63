/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/engine/signer.h"

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/program.h"
#include "core/base/text.h"

#include <string.h>
#include <unistd.h>

#define LINE_MAX  16384
#define WORDS_MAX 32

void fl_signer_clear(struct fl_signer *signer)
{
    free(signer->path);
    free(signer->line);
    *signer = (struct fl_signer){0};
}

/* Type and key, in place. */
static void cut_comment(char *line)
{
    char *at = line + strcspn(line, " \r\n");

    if (*at == ' ')
        at += 1 + strcspn(at + 1, " \r\n");
    *at = '\0';
}

static int read_public(struct fl_signer *signer, const char *remedy,
                       struct fleet_error *err)
{
    FL_AUTO(fl_buf_clear) struct fl_buf text = FL_BUF(LINE_MAX);
    FL_AUTO_FREE char *path = fl_format("%s.pub", signer->path);
    int rc = path ? fl_file_read(path, &text, err) : fl_enomem(err);

    if (rc == FLEET_ENOTFOUND)
        return fleet_fail(err, FLEET_ECONFIG,
                          "%s: there is no such key; `%s` makes the pair", path,
                          remedy);
    if (rc < 0)
        return rc;
    signer->line = fl_buf_take(&text);
    if (!signer->line)
        return fleet_fail(err, FLEET_ECONFIG, "%s: empty", path);
    cut_comment(signer->line);
    for (const char *at = signer->line; *at; at++) {
        if ((unsigned char)*at <= ' ' && at != strchr(signer->line, ' '))
            return fleet_fail(err, FLEET_ECONFIG, "%s: no public key", path);
    }
    if (!strchr(signer->line, ' ') || strchr(signer->line, '"') ||
        strchr(signer->line, '%'))
        return fleet_fail(err, FLEET_ECONFIG, "%s: no public key", path);
    return FLEET_OK;
}

int fl_signer_open(const char *path, const char *remedy, struct fl_signer *out,
                   struct fleet_error *err)
{
    FL_AUTO(fl_signer_clear) struct fl_signer signer = {0};
    int rc;

    signer.path = strdup(path);
    rc = signer.path ? read_public(&signer, remedy, err) : fl_enomem(err);
    if (rc < 0)
        return rc;
    signer.in_agent = access(signer.path, F_OK) < 0;
    *out = signer;
    signer = (struct fl_signer){0};
    return FLEET_OK;
}

static int run_keygen(const struct fl_signer *signer,
                      const char *const *options, const char *path,
                      int64_t deadline, struct fleet_error *err)
{
    FL_AUTO_FREE char *public_path = fl_format("%s.pub", signer->path);
    const char *argv[WORDS_MAX] = {"ssh-keygen", "-q"};
    struct fleet_program program = {.size = sizeof(program), .argv = argv};
    size_t n = 2;
    int rc;

    if (!public_path)
        return fl_enomem(err);
    if (signer->in_agent) {
        argv[n++] = "-U";
    } else {
        argv[n++] = "-P"; /* it never asks for a passphrase */
        argv[n++] = "";
    }
    argv[n++] = "-s";
    argv[n++] = signer->in_agent ? public_path : signer->path;
    for (size_t i = 0; options[i] && n < WORDS_MAX - 2; i++)
        argv[n++] = options[i];
    argv[n] = path;
    rc = fl_program_run(&program, deadline, NULL, err);
    return rc < 0 ? fl_error_in(err, "signing with %s%s", signer->path,
                                signer->in_agent ? " in the agent" : "")
                  : FLEET_OK;
}

static int sign_in(const struct fl_signer *signer, const char *dir,
                   const char *const *options, const char *public_key,
                   int64_t deadline, char **certificate,
                   struct fleet_error *err)
{
    FL_AUTO(fl_buf_clear) struct fl_buf text = FL_BUF(LINE_MAX);
    FL_AUTO_FREE char *path = fl_format("%s/key.pub", dir);
    FL_AUTO_FREE char *made = fl_format("%s/key-cert.pub", dir);
    FL_AUTO_FREE char *line = fl_format("%s\n", public_key);
    int rc = path && made && line
                 ? fl_file_write(path, line, strlen(line), 0600, err)
                 : fl_enomem(err);

    if (rc == 0)
        rc = run_keygen(signer, options, path, deadline, err);
    if (rc == 0)
        rc = fl_file_read(made, &text, err);
    if (rc < 0)
        return rc;
    *certificate = fl_buf_take(&text);
    if (!*certificate)
        return fl_enomem(err);
    cut_comment(*certificate);
    return FLEET_OK;
}

int fl_signer_sign(const struct fl_signer *signer, const char *dir,
                   const char *const *options, const char *public_key,
                   int64_t deadline, char **certificate,
                   struct fleet_error *err)
{
    FL_AUTO_FREE char *own = fl_format("%s/sign.XXXXXX", dir);
    int rc;

    if (!own)
        return fl_enomem(err);
    if (!mkdtemp(own))
        return fleet_fail(err, FLEET_ECONFIG, "%s: cannot be made", own);
    rc = sign_in(signer, own, options, public_key, deadline, certificate, err);
    fl_dir_remove(own, NULL);
    return rc;
}
