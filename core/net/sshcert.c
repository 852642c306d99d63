/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/net/sshcert.h"

#include "core/base/error.h"
#include "core/net/sshwire.h"

#include <string.h>

#define USER_CERT 1
#define SUFFIX    "-cert-v01@openssh.com"

/* How many strings the public key of each type has, behind its type. */
static const struct type {
    const char *cert, *plain;
    int parts;
} types[] = {
    {"ssh-ed25519" SUFFIX, "ssh-ed25519", 1},
    {"ssh-rsa" SUFFIX, "ssh-rsa", 2},
    {"ecdsa-sha2-nistp256" SUFFIX, "ecdsa-sha2-nistp256", 2},
    {"ecdsa-sha2-nistp384" SUFFIX, "ecdsa-sha2-nistp384", 2},
    {"ecdsa-sha2-nistp521" SUFFIX, "ecdsa-sha2-nistp521", 2},
    {"sk-ssh-ed25519" SUFFIX, "sk-ssh-ed25519@openssh.com", 2},
    {"sk-ecdsa-sha2-nistp256" SUFFIX, "sk-ecdsa-sha2-nistp256@openssh.com", 3},
};

void fl_ssh_cert_clear(struct fl_ssh_cert *cert)
{
    free(cert->key);
    free(cert->ca);
    fl_strv_clear(&cert->principals);
    *cert = (struct fl_ssh_cert){0};
}

static const struct type *find_type(const struct fl_wire *name)
{
    for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
        if (fl_wire_is(name, types[i].cert))
            return &types[i];
    return NULL;
}

static int64_t read_time(struct fl_wire *wire)
{
    uint64_t high = fl_wire_u32(wire), low = fl_wire_u32(wire);
    uint64_t all = high << 32 | low;

    return all > INT64_MAX ? INT64_MAX : (int64_t)all;
}

static int read_principals(struct fl_wire list, struct fl_strv *out)
{
    while (list.left > 0) {
        struct fl_wire one = fl_wire_string(&list);

        if (one.bad || memchr(one.at, '\0', one.left))
            return FLEET_EINVALID;
        if (fl_strv_add_n(out, (const char *)one.at, one.left) < 0)
            return FLEET_ENOMEM;
    }
    return FLEET_OK;
}

/* In the order of PROTOCOL.certkeys. */
static int read_fields(struct fl_wire *wire, struct fl_ssh_cert *cert)
{
    FL_AUTO(fl_buf_clear) struct fl_buf key = FL_BUF(FL_KEY_BLOB_MAX);
    struct fl_wire name = fl_wire_string(wire), principals, ca;
    const struct type *type = find_type(&name);
    int rc;

    if (!type)
        return FLEET_EINVALID;
    fl_wire_string(wire); /* nonce */
    fl_wire_put_text(&key, type->plain);
    for (int i = 0; i < type->parts; i++) {
        struct fl_wire part = fl_wire_string(wire);

        fl_wire_put(&key, part.at, part.left);
    }
    read_time(wire); /* serial */
    cert->user = fl_wire_u32(wire) == USER_CERT;
    fl_wire_string(wire); /* id */
    principals = fl_wire_string(wire);
    cert->after = read_time(wire);
    cert->before = read_time(wire);
    fl_wire_string(wire); /* critical options */
    fl_wire_string(wire); /* extensions */
    fl_wire_string(wire); /* reserved */
    ca = fl_wire_string(wire);
    if (wire->bad || ca.bad)
        return FLEET_EINVALID;
    rc = read_principals(principals, &cert->principals);
    cert->key = fl_key_line(key.data, key.len);
    cert->ca = fl_key_line(ca.at, ca.left);
    if (rc == 0 && (!cert->key || !cert->ca))
        rc = key.failed == FLEET_ENOMEM ? FLEET_ENOMEM : FLEET_EINVALID;
    return rc;
}

int fl_ssh_cert_parse(const char *line, struct fl_ssh_cert *out,
                      struct fleet_error *err)
{
    FL_AUTO(fl_buf_clear) struct fl_buf blob = FL_BUF(FL_KEY_BLOB_MAX);
    FL_AUTO(fl_ssh_cert_clear) struct fl_ssh_cert cert = {0};
    struct fl_wire wire;
    int rc = fl_key_line_parse(line, &blob, err);

    if (rc < 0)
        return rc;
    wire = fl_wire(blob.data, blob.len);
    rc = read_fields(&wire, &cert);
    if (rc == FLEET_ENOMEM)
        return fl_enomem(err);
    if (rc < 0)
        return fleet_fail(err, rc, "is no SSH certificate");
    *out = cert;
    cert = (struct fl_ssh_cert){0};
    return FLEET_OK;
}
