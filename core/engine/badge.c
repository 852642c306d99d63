/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/engine/badge.h"

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/text.h"
#include "core/engine/keyfile.h"
#include "core/model/pubkey.h"
#include "core/net/sshcert.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define LINE_MAX 16384
#define DAY      86400
#define RENEW    (30 * DAY) /* before it ends, where the roster has no end */
#define SLACK    3600       /* days begin at odd times where clocks change */

void fl_badge_clear(struct fl_badge *badge)
{
    free(badge->dir);
    free(badge->key);
    free(badge->public_path);
    free(badge->cert_path);
    free(badge->public_key);
    free(badge->cert);
    free(badge->principal);
    *badge = (struct fl_badge){0};
}

static int name_files(const struct fl_people *people,
                      const struct fl_person *person, struct fl_badge *badge,
                      struct fleet_error *err)
{
    badge->dir = fl_format("%s/%s", people->dir, person->id);
    badge->key = fl_format("%s/%s/key", people->dir, person->id);
    badge->public_path = fl_format("%s/%s/key.pub", people->dir, person->id);
    badge->cert_path = fl_format("%s/%s/key-cert.pub", people->dir, person->id);
    if (!badge->dir || !badge->key || !badge->public_path || !badge->cert_path)
        return fl_enomem(err);
    if (person->key) {
        free(badge->key);
        badge->key = NULL;
        badge->public_key = strdup(person->key);
        if (!badge->public_key)
            return fl_enomem(err);
    }
    return FLEET_OK;
}

/* The first line of a file, without its end; NULL: there is no such file. */
static int read_line(const char *path, char **line, struct fleet_error *err)
{
    FL_AUTO(fl_buf_clear) struct fl_buf text = FL_BUF(LINE_MAX);
    int rc = fl_file_read(path, &text, err);

    if (rc == FLEET_ENOTFOUND)
        return FLEET_OK;
    if (rc < 0)
        return rc;
    *line = strndup(fl_buf_text(&text), strcspn(fl_buf_text(&text), "\r\n"));
    return *line ? FLEET_OK : fl_enomem(err);
}

static int read_public(struct fl_badge *badge, struct fleet_error *err)
{
    FL_AUTO_FREE char *line = NULL;
    int rc = read_line(badge->public_path, &line, err);

    if (rc < 0 || !line || access(badge->key, R_OK) < 0 ||
        !fl_pubkey_valid(line))
        return rc;
    badge->public_key = fl_pubkey_bare(line);
    return badge->public_key ? FLEET_OK : fl_enomem(err);
}

static const char *objection(const struct fl_ssh_cert *cert,
                             const struct fl_signer *ca,
                             const struct fl_badge *badge,
                             const char *principal,
                             const struct fl_person *person)
{
    int64_t now = time(NULL);

    if (!cert->user || (ca && strcmp(cert->ca, ca->line) != 0))
        return "of another authority";
    if (!badge->public_key || strcmp(cert->key, badge->public_key) != 0)
        return "for another key";
    if (cert->principals.n != 1 || strcmp(cert->principals.at[0], principal))
        return "of before a revocation";
    if (person->ends && (cert->before < person->ends - SLACK ||
                         cert->before > person->ends + SLACK))
        return "until another day";
    if (!person->ends && cert->before < now + RENEW)
        return cert->before <= now ? "expired" : "about to expire";
    return cert->after > now ? "not good yet" : NULL;
}

static int read_cert(const struct fl_signer *ca, const char *principal,
                     const struct fl_person *person, struct fl_badge *badge,
                     struct fleet_error *err)
{
    FL_AUTO(fl_ssh_cert_clear) struct fl_ssh_cert cert = {0};
    int rc = read_line(badge->cert_path, &badge->cert, err);

    badge->why = "none yet";
    if (rc < 0 || !badge->cert)
        return rc;
    rc = fl_ssh_cert_parse(badge->cert, &cert, err);
    if (rc == FLEET_ENOMEM)
        return rc;
    badge->why = "damaged";
    if (rc < 0)
        return FLEET_OK;
    badge->before = cert.before;
    badge->why = objection(&cert, ca, badge, principal, person);
    if (cert.principals.n != 1)
        return FLEET_OK;
    badge->principal = strdup(cert.principals.at[0]);
    return badge->principal ? FLEET_OK : fl_enomem(err);
}

int fl_badge_look(const struct fl_people *people,
                  const struct fl_cohort *cohort, const struct fl_signer *ca,
                  const struct fl_person *person, struct fl_badge *out,
                  struct fleet_error *err)
{
    FL_AUTO(fl_badge_clear) struct fl_badge badge = {0};
    FL_AUTO_FREE char *principal = fl_people_principal(people, cohort, person);
    int rc =
        principal ? name_files(people, person, &badge, err) : fl_enomem(err);

    if (rc == 0 && badge.key)
        rc = read_public(&badge, err);
    if (rc == 0)
        rc = read_cert(ca, principal, person, &badge, err);
    if (rc < 0)
        return rc;
    *out = badge;
    badge = (struct fl_badge){0};
    return FLEET_OK;
}

/* ---- making it ---- */

static int drop_file(const char *path, struct fleet_error *err)
{
    return unlink(path) == 0 || errno == ENOENT
               ? FLEET_OK
               : fleet_fail(err, FLEET_ECONFIG, "%s: %m", path);
}

/* A key that was shut out may be in other hands by now. */
static int drop_old(const struct fl_badge *old, const char *principal,
                    struct fleet_error *err)
{
    int rc = FLEET_OK;

    if (!old->key || !old->principal || strcmp(old->principal, principal) == 0)
        return FLEET_OK;
    rc = drop_file(old->key, err);
    if (rc == 0)
        rc = drop_file(old->public_path, err);
    return rc < 0 ? rc : drop_file(old->cert_path, err);
}

static int make_own(const struct fl_badge *old, const char *principal,
                    const struct fl_person *person, struct fleet_error *err)
{
    FL_AUTO_FREE char *line = fl_format("%s %s\n", person->key, principal);
    FL_AUTO_FREE char *ours = fl_path_join(old->dir, "key");
    int rc = line && ours ? drop_file(ours, err) : fl_enomem(err);

    return rc < 0
               ? rc
               : fl_file_write(old->public_path, line, strlen(line), 0644, err);
}

/* A public key alone is left from when he had one of his own. */
static int make_pair(const struct fl_badge *old, const char *principal,
                     struct fleet_error *err)
{
    bool made;
    int rc = access(old->key, F_OK) < 0 ? drop_file(old->public_path, err)
                                        : FLEET_OK;

    return rc < 0 ? rc : fl_keyfile_ensure(old->key, principal, &made, err);
}

/* From a day ago, for clocks that are late, until his last day is over. */
static void validity(char out[64], const struct fl_person *person)
{
    time_t ends = (time_t)person->ends;
    struct tm local;

    if (person->ends && localtime_r(&ends, &local))
        strftime(out, 64, "-1d:%Y%m%d%H%M%S", &local);
    else
        snprintf(out, 64, "-1d:+%dd", FL_BADGE_DAYS);
}

static int sign(const struct fl_signer *ca, const struct fl_badge *badge,
                const char *principal, const struct fl_person *person,
                int64_t deadline, struct fleet_error *err)
{
    FL_AUTO_FREE char *serial = fl_format("%lld", (long long)time(NULL));
    FL_AUTO_FREE char *cert = NULL, *line = NULL;
    char valid[64];
    const char *const options[] = {"-I",  principal, "-n",   principal, "-V",
                                   valid, "-z",      serial, NULL};
    int rc;

    if (!serial)
        return fl_enomem(err);
    validity(valid, person);
    rc = fl_signer_sign(ca, badge->dir, options, badge->public_key, deadline,
                        &cert, err);
    if (rc < 0)
        return rc;
    line = fl_format("%s %s\n", cert, principal);
    return line ? fl_file_write(badge->cert_path, line, strlen(line), 0644, err)
                : fl_enomem(err);
}

static int make(const struct fl_people *people, const struct fl_cohort *cohort,
                const struct fl_signer *ca, const struct fl_person *person,
                const struct fl_badge *old, int64_t deadline,
                struct fleet_error *err)
{
    FL_AUTO(fl_badge_clear) struct fl_badge now = {0};
    FL_AUTO_FREE char *principal = fl_people_principal(people, cohort, person);
    int rc = principal ? fl_dir_make(old->dir, err) : fl_enomem(err);

    if (rc == 0)
        rc = drop_old(old, principal, err);
    if (rc == 0)
        rc = old->key ? make_pair(old, principal, err)
                      : make_own(old, principal, person, err);
    if (rc == 0)
        rc = fl_badge_look(people, cohort, ca, person, &now, err);
    if (rc == 0 && !now.public_key)
        rc = fleet_fail(err, FLEET_ECONFIG,
                        "%s: cannot be used: take it away, and another one is "
                        "made",
                        now.public_path);
    return rc < 0 ? rc : sign(ca, &now, principal, person, deadline, err);
}

int fl_badge_make(const struct fl_people *people,
                  const struct fl_cohort *cohort, const struct fl_signer *ca,
                  const struct fl_person *person, int64_t deadline,
                  struct fl_badge *out, struct fleet_error *err)
{
    FL_AUTO(fl_badge_clear) struct fl_badge badge = {0};
    int rc = fl_badge_look(people, cohort, ca, person, &badge, err);

    if (rc == 0 && badge.why) {
        rc = make(people, cohort, ca, person, &badge, deadline, err);
        fl_badge_clear(&badge);
        if (rc == 0)
            rc = fl_badge_look(people, cohort, ca, person, &badge, err);
        if (rc == 0 && badge.why)
            rc = fleet_fail(err, FLEET_EINTERNAL,
                            "the certificate that was made is %s", badge.why);
    }
    if (rc < 0)
        return fl_error_in(err, "%s", person->id);
    *out = badge;
    badge = (struct fl_badge){0};
    return FLEET_OK;
}
