/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/net/sshkey.h"

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/text.h"
#include "core/net/sshagent.h"

#include <errno.h>
#include <libssh2.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <pthread.h>
#include <string.h>
#include <sys/stat.h>

#define FILE_MAX     (64 * 1024)
#define AGENT_MS     10000
#define RSA_SINCE    0x010b00 /* the libssh2 that knows rsa-sha2 */
#define POINT_MAX    (1 + 2 * 66)
#define ED25519_SIZE 32

FL_CLEANUP(EVP_PKEY_free, EVP_PKEY *);
FL_CLEANUP(EVP_PKEY_CTX_free, EVP_PKEY_CTX *);
FL_CLEANUP(EVP_MD_CTX_free, EVP_MD_CTX *);
FL_CLEANUP(ECDSA_SIG_free, ECDSA_SIG *);
FL_CLEANUP(OSSL_PARAM_BLD_free, OSSL_PARAM_BLD *);
FL_CLEANUP(OSSL_PARAM_free, OSSL_PARAM *);
FL_CLEANUP(BIO_free, BIO *);
FL_CLEANUP(BN_clear_free, BIGNUM *);

static const struct curve {
    const char *type, *name, *group; /* of SSH, of SSH, of OpenSSL */
    size_t bytes;                    /* of a coordinate */
    const EVP_MD *(*digest)(void);
} curves[] = {
    {"ecdsa-sha2-nistp256", "nistp256", "prime256v1", 32, EVP_sha256},
    {"ecdsa-sha2-nistp384", "nistp384", "secp384r1", 48, EVP_sha384},
    {"ecdsa-sha2-nistp521", "nistp521", "secp521r1", 66, EVP_sha512},
};

/* Secrets pass through these: one allocation, wiped at the end. */
static void wipe(struct fl_buf *buf)
{
    fl_wipe(buf->data, buf->size);
    fl_buf_clear(buf);
}

FL_CLEANUP_IN_PLACE(wipe, struct fl_buf);

static int damaged(struct fleet_error *err)
{
    ERR_clear_error();
    return fleet_fail(err, FLEET_ECONFIG,
                      "is no private key that can be read, or is damaged: is "
                      "it the right file? `ssh-keygen -y -f` shows whether "
                      "ssh can read it");
}

static int unknown_type(const struct fl_wire *type, struct fleet_error *err)
{
    return fleet_fail(err, FLEET_ECONFIG,
                      "is a key of type %.*s, which libssh2 cannot log in "
                      "with; make another with: ssh-keygen -t ed25519",
                      type->left < 60 ? (int)type->left : 60,
                      (const char *)type->at);
}

/* OpenSSH's own format (PROTOCOL.key), its private part: from numbers to a key
 * of OpenSSL. Each of these reads what follows the name of the type. */
static EVP_PKEY *read_ed25519(struct fl_wire *wire)
{
    struct fl_wire public = fl_wire_string(wire);
    struct fl_wire both = fl_wire_string(wire);
    FL_AUTO(EVP_PKEY_free) EVP_PKEY *made = NULL;
    unsigned char derived[ED25519_SIZE];
    size_t size = sizeof(derived);

    if (wire->bad || public.left != ED25519_SIZE ||
        both.left != 2 * ED25519_SIZE)
        return NULL;
    made = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, both.at,
                                        ED25519_SIZE);
    if (!made || !EVP_PKEY_get_raw_public_key(made, derived, &size) ||
        memcmp(derived, public.at, sizeof(derived)) != 0)
        return NULL;
    return fl_take(made);
}

static EVP_PKEY *from_params(const char *kind, OSSL_PARAM_BLD *build)
{
    FL_AUTO(OSSL_PARAM_free)
    OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(build);
    FL_AUTO(EVP_PKEY_CTX_free)
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, kind, NULL);
    EVP_PKEY *made = NULL;

    if (!params || !context || EVP_PKEY_fromdata_init(context) != 1 ||
        EVP_PKEY_fromdata(context, &made, EVP_PKEY_KEYPAIR, params) != 1)
        return NULL;
    return made;
}

/* Whether the public key is the one of the private key. */
static bool is_pair(EVP_PKEY *pkey)
{
    FL_AUTO(EVP_PKEY_CTX_free)
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);

    return context && EVP_PKEY_pairwise_check(context) == 1;
}

static BIGNUM *read_number(struct fl_wire *wire)
{
    struct fl_wire bytes = fl_wire_string(wire);
    BIGNUM *number;

    if (wire->bad || bytes.left == 0 || bytes.left > 2048 || *bytes.at & 0x80)
        return NULL;
    number = BN_bin2bn(bytes.at, (int)bytes.left, NULL);
    if (number)
        BN_set_flags(number, BN_FLG_CONSTTIME);
    return number;
}

static EVP_PKEY *read_ecdsa(struct fl_wire *wire, const struct curve *curve)
{
    struct fl_wire name = fl_wire_string(wire), point = fl_wire_string(wire);
    FL_AUTO(BN_clear_free) BIGNUM *secret = read_number(wire);
    FL_AUTO(OSSL_PARAM_BLD_free) OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    FL_AUTO(EVP_PKEY_free) EVP_PKEY *made = NULL;

    if (!secret || !build || !fl_wire_is(&name, curve->name) ||
        point.left > POINT_MAX ||
        !OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME,
                                         curve->group, 0) ||
        !OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY,
                                          point.at, point.left) ||
        !OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_PRIV_KEY, secret))
        return NULL;
    made = from_params("EC", build);
    return made && is_pair(made) ? fl_take(made) : NULL;
}

static EVP_PKEY *read_rsa(struct fl_wire *wire)
{
    FL_AUTO(BN_clear_free) BIGNUM *n = read_number(wire);
    FL_AUTO(BN_clear_free) BIGNUM *e = read_number(wire);
    FL_AUTO(BN_clear_free) BIGNUM *d = read_number(wire);
    FL_AUTO(OSSL_PARAM_BLD_free) OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();

    if (!n || !e || !d || !build ||
        !OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n) ||
        !OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, e) ||
        !OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_D, d))
        return NULL;
    return from_params("RSA", build);
}

/* The two numbers at its beginning are equal unless the file is damaged. */
static int read_private(struct fl_wire wire, EVP_PKEY **pkey,
                        struct fleet_error *err)
{
    uint32_t first = fl_wire_u32(&wire), second = fl_wire_u32(&wire);
    struct fl_wire type = fl_wire_string(&wire);
    EVP_PKEY *made = NULL;
    bool known = false;

    if (first != second || type.bad)
        return damaged(err);
    if (fl_wire_is(&type, "ssh-ed25519")) {
        made = read_ed25519(&wire);
        known = true;
    } else if (fl_wire_is(&type, "ssh-rsa")) {
        made = read_rsa(&wire);
        known = true;
    }
    for (size_t i = 0; !known && i < sizeof(curves) / sizeof(*curves); i++)
        if (fl_wire_is(&type, curves[i].type)) {
            made = read_ecdsa(&wire, &curves[i]);
            known = true;
        }
    if (!known)
        return unknown_type(&type, err);
    if (!made)
        return damaged(err);
    *pkey = made;
    return FLEET_OK;
}

/* Base64 between two lines, broken into lines. */
static bool undress(const char *text, const char *end, struct fl_buf *bytes)
{
    FL_AUTO(wipe) struct fl_buf joined = FL_BUF(FILE_MAX);

    if (fl_buf_reserve(&joined, (size_t)(end - text)) < 0 ||
        fl_buf_reserve(bytes, (size_t)(end - text)) < 0)
        return false;
    for (; text < end; text++)
        if (*text != '\n' && *text != '\r')
            fl_buf_putc(&joined, *text);
    return fl_base64_decode(joined.data, joined.len, bytes);
}

static int read_container(const char *text, const char *end, EVP_PKEY **pkey,
                          struct fl_buf *blob, struct fleet_error *err)
{
    static const char magic[] = "openssh-key-v1"; /* with its NUL */
    FL_AUTO(wipe) struct fl_buf bytes = FL_BUF(FILE_MAX);
    struct fl_wire wire, cipher, public;

    if (!undress(text, end, &bytes) || bytes.len < sizeof(magic) ||
        memcmp(bytes.data, magic, sizeof(magic)) != 0)
        return damaged(err);
    wire = fl_wire(bytes.data + sizeof(magic), bytes.len - sizeof(magic));
    cipher = fl_wire_string(&wire);
    fl_wire_string(&wire); /* how the passphrase becomes a key */
    fl_wire_string(&wire);
    if (fl_wire_u32(&wire) != 1)
        return damaged(err);
    public = fl_wire_string(&wire);
    if (wire.bad || public.left > FL_KEY_BLOB_MAX)
        return damaged(err);
    if (fl_wire_is(&cipher, "none"))
        return read_private(fl_wire_string(&wire), pkey, err);
    fl_buf_empty(blob);
    fl_buf_add(blob, public.at, public.left);
    return fl_buf_check(blob, "public key", err);
}

static int no_passphrase(char *into, int size, int writing, void *asked)
{
    (void)into;
    (void)size;
    (void)writing;
    *(bool *)asked = true;
    return -1;
}

static int read_pem(const char *text, size_t len, EVP_PKEY **pkey,
                    struct fleet_error *err)
{
    FL_AUTO(BIO_free) BIO *bio = BIO_new_mem_buf(text, (int)len);
    bool asked = false;

    if (!bio)
        return fl_enomem(err);
    *pkey = PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, &asked);
    ERR_clear_error();
    return *pkey || asked ? FLEET_OK : damaged(err);
}

int fl_private_key_parse(const char *text, size_t len, EVP_PKEY **pkey,
                         struct fl_buf *blob, struct fleet_error *err)
{
    static const char head[] = "-----BEGIN OPENSSH PRIVATE KEY-----";
    static const char tail[] = "-----END OPENSSH PRIVATE KEY-----";
    const char *body, *end;

    if (len > FILE_MAX || strlen(text) != len)
        return damaged(err);
    if (strncmp(text, head, strlen(head)) != 0)
        return read_pem(text, len, pkey, err);
    body = text + strlen(head);
    end = strstr(body, tail);
    return end ? read_container(body, end, pkey, blob, err) : damaged(err);
}

static bool put_ed25519(EVP_PKEY *pkey, struct fl_buf *blob)
{
    unsigned char public[ED25519_SIZE];
    size_t size = sizeof(public);

    if (EVP_PKEY_get_raw_public_key(pkey, public, &size) != 1)
        return false;
    fl_wire_put_text(blob, "ssh-ed25519");
    fl_wire_put(blob, public, size);
    return true;
}

static const struct curve *curve_of(EVP_PKEY *pkey)
{
    char group[64];

    if (EVP_PKEY_get_group_name(pkey, group, sizeof(group), NULL) != 1)
        return NULL;
    for (size_t i = 0; i < sizeof(curves) / sizeof(*curves); i++)
        if (strcmp(group, curves[i].group) == 0)
            return &curves[i];
    return NULL;
}

static bool put_ecdsa(EVP_PKEY *pkey, struct fl_buf *blob)
{
    const struct curve *curve = curve_of(pkey);
    unsigned char point[POINT_MAX];
    size_t size = 0;

    if (!curve ||
        EVP_PKEY_set_utf8_string_param(
            pkey, OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT, "uncompressed") !=
            1 ||
        EVP_PKEY_get_octet_string_param(pkey, OSSL_PKEY_PARAM_PUB_KEY, point,
                                        sizeof(point), &size) != 1 ||
        size != 1 + 2 * curve->bytes)
        return false;
    fl_wire_put_text(blob, curve->type);
    fl_wire_put_text(blob, curve->name);
    fl_wire_put(blob, point, size);
    return true;
}

static void put_bignum(struct fl_buf *out, const BIGNUM *number)
{
    unsigned char bytes[2048];
    int size = BN_num_bytes(number);

    if (size < (int)sizeof(bytes)) {
        BN_bn2bin(number, bytes);
        fl_wire_put_number(out, bytes, (size_t)size);
    } else {
        out->failed = FLEET_EINVALID;
    }
}

static bool put_rsa(EVP_PKEY *pkey, struct fl_buf *blob)
{
    FL_AUTO(BN_clear_free) BIGNUM *n = NULL, *e = NULL;

    if (EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_N, &n) != 1 ||
        EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_E, &e) != 1)
        return false;
    fl_wire_put_text(blob, "ssh-rsa");
    put_bignum(blob, e);
    put_bignum(blob, n);
    return true;
}

/* The public key that belongs to a private one. */
static int derive(EVP_PKEY *pkey, struct fl_buf *blob, struct fleet_error *err)
{
    static const struct {
        const char *kind;
        bool (*put)(EVP_PKEY *, struct fl_buf *);
    } kinds[] = {{"ED25519", put_ed25519}, {"EC", put_ecdsa}, {"RSA", put_rsa}};

    fl_buf_empty(blob);
    for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
        if (EVP_PKEY_is_a(pkey, kinds[i].kind) && kinds[i].put(pkey, blob))
            return fl_buf_check(blob, "public key", err);
    ERR_clear_error();
    return fleet_fail(err, FLEET_ECONFIG,
                      "is of a type or curve that libssh2 cannot log in with; "
                      "make another with: ssh-keygen -t ed25519");
}

static int check_file(const char *path, struct fleet_error *err)
{
    struct stat st;

    if (stat(path, &st) < 0)
        return fleet_fail(err, FLEET_ECONFIG, "%s: %s", path, strerror(errno));
    if (S_ISREG(st.st_mode) && st.st_mode & 077)
        return fleet_fail(err, FLEET_ECONFIG,
                          "%s: others may read the private key: chmod 600 %s",
                          path, path);
    return FLEET_OK;
}

static int read_file(struct fl_ssh_key *key, struct fleet_error *err)
{
    FL_AUTO(wipe) struct fl_buf text = FL_BUF(FILE_MAX);
    int rc = check_file(key->path, err);

    if (rc < 0)
        return rc;
    if (fl_buf_reserve(&text, FILE_MAX) < 0)
        return fl_enomem(err);
    rc = fl_file_read(key->path, &text, err);
    if (rc < 0)
        return rc;
    rc = fl_private_key_parse(text.data, text.len, &key->pkey, &key->blob, err);
    if (rc == FLEET_OK && key->pkey)
        rc = derive(key->pkey, &key->blob, err);
    return rc < 0 ? fl_error_in(err, "%s", key->path) : FLEET_OK;
}

/* Which key it is, where the file with the private one does not tell. */
static int read_public(struct fl_ssh_key *key, struct fleet_error *err)
{
    FL_AUTO(fl_buf_clear) struct fl_buf line = FL_BUF(FILE_MAX);
    FL_AUTO_FREE char *path = fl_format("%s.pub", key->path);
    int rc;

    if (!path)
        return fl_enomem(err);
    rc = fl_file_read(path, &line, err);
    if (rc == FLEET_ENOTFOUND)
        return fleet_fail(err, FLEET_ECONFIG,
                          "%s: not there, and the private key has a "
                          "passphrase: make it with: ssh-keygen -y -f %s > %s",
                          path, key->path, path);
    if (rc < 0)
        return rc;
    rc = fl_key_line_parse(fl_buf_text(&line), &key->blob, err);
    if (rc == FLEET_EINVALID)
        return fleet_fail(err, FLEET_ECONFIG,
                          "%s: is no public key; make it again with: "
                          "ssh-keygen -y -f %s > %s",
                          path, key->path, path);
    return rc;
}

static int look_in_agent(const struct fl_ssh_key *key, struct fleet_error *err)
{
    struct fleet_error why = {0};
    int rc = fl_agent_holds(&key->blob, fl_deadline(AGENT_MS), &why);

    if (rc == FLEET_OK)
        return FLEET_OK;
    if (rc == FLEET_ENOTFOUND)
        return fleet_fail(err, FLEET_ECONFIG,
                          "%s: has a passphrase, and ssh-agent does not hold "
                          "this key (%s): ssh-add %s",
                          key->path, key->print, key->path);
    if (rc == FLEET_ECANCELLED || rc == FLEET_ENOMEM)
        return fleet_fail(err, rc, "%s: %s", key->path, why.text);
    return fleet_fail(err, FLEET_ECONFIG,
                      "%s: has a passphrase, so ssh-agent has to hold it: %s; "
                      "then: ssh-add %s",
                      key->path, why.text, key->path);
}

static bool rsa_works(void)
{
    return libssh2_version(RSA_SINCE) != NULL;
}

static int check_type(const struct fl_ssh_key *key, struct fleet_error *err)
{
    char type[FL_KEY_TYPE_SIZE];
    struct fl_wire wire;

    fl_key_type(key->blob.data, key->blob.len, type);
    wire = fl_wire(type, strlen(type));
    if (strcmp(type, "ssh-rsa") == 0 && !rsa_works())
        return fleet_fail(err, FLEET_ECONFIG,
                          "%s: is an RSA key, and libssh2 %s signs with RSA "
                          "only in a way (SHA-1) that OpenSSH 8.8 and newer "
                          "refuse; make another key: ssh-keygen -t ed25519 -f "
                          "%.100s-ed25519",
                          key->path, libssh2_version(0), key->path);
    if (strcmp(type, "ssh-rsa") == 0 || strcmp(type, "ssh-ed25519") == 0)
        return FLEET_OK;
    for (size_t i = 0; i < sizeof(curves) / sizeof(*curves); i++)
        if (strcmp(type, curves[i].type) == 0)
            return FLEET_OK;
    unknown_type(&wire, err);
    return fl_error_in(err, "%s", key->path);
}

static int library_rc;

/* Not thread-safe by itself. */
static void open_library(void)
{
    library_rc = libssh2_init(0);
}

static int open_key(struct fl_ssh_key *key, struct fleet_error *err)
{
    int rc = read_file(key, err);

    if (rc == FLEET_OK && !key->blob.len)
        rc = read_public(key, err);
    if (rc == FLEET_OK)
        rc = check_type(key, err);
    if (rc < 0)
        return rc;
    fl_key_print(key->blob.data, key->blob.len, key->print);
    return key->pkey ? FLEET_OK : look_in_agent(key, err);
}

int fl_ssh_key_open(const char *path, struct fl_ssh_key **out,
                    struct fleet_error *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    FL_AUTO(fl_ssh_key_close) struct fl_ssh_key *made = NULL;
    int rc;

    pthread_once(&once, open_library);
    if (library_rc)
        return fleet_fail(err, FLEET_EINTERNAL, "libssh2 does not start (%d)",
                          library_rc);
    made = calloc(1, sizeof(*made));
    if (!made)
        return fl_enomem(err);
    fl_buf_init(&made->blob, FL_KEY_BLOB_MAX);
    made->path = strdup(path);
    if (!made->path)
        return fl_enomem(err);
    rc = open_key(made, err);
    if (rc < 0)
        return rc;
    *out = fl_take(made);
    return FLEET_OK;
}

void fl_ssh_key_close(struct fl_ssh_key *key)
{
    if (!key)
        return;
    EVP_PKEY_free(key->pkey);
    fl_buf_clear(&key->blob);
    free(key->path);
    free(key);
}

/* What is to be signed names the algorithm: the session, then a request with
 * user, service, method, a flag and it. */
static struct fl_wire algorithm_in(const void *data, size_t len)
{
    struct fl_wire wire = fl_wire(data, len);

    fl_wire_string(&wire);
    fl_wire_byte(&wire);
    fl_wire_string(&wire);
    fl_wire_string(&wire);
    fl_wire_string(&wire);
    fl_wire_byte(&wire);
    return fl_wire_string(&wire);
}

static const EVP_MD *digest_for(const struct fl_wire *algorithm)
{
    for (size_t i = 0; i < sizeof(curves) / sizeof(*curves); i++)
        if (fl_wire_is(algorithm, curves[i].type))
            return curves[i].digest();
    if (fl_wire_is(algorithm, "rsa-sha2-512"))
        return EVP_sha512();
    if (fl_wire_is(algorithm, "rsa-sha2-256"))
        return EVP_sha256();
    return NULL; /* ed25519 has its own */
}

/* ECDSA signatures are two numbers, which OpenSSL puts in DER. */
static bool put_pair(struct fl_buf *out, const unsigned char *der, size_t len)
{
    FL_AUTO(ECDSA_SIG_free)
    ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &der, (long)len);

    if (!pair)
        return false;
    put_bignum(out, ECDSA_SIG_get0_r(pair));
    put_bignum(out, ECDSA_SIG_get0_s(pair));
    return true;
}

static bool sign(EVP_PKEY *pkey, const EVP_MD *digest, const void *data,
                 size_t len, struct fl_buf *signature)
{
    FL_AUTO(EVP_MD_CTX_free) EVP_MD_CTX *context = EVP_MD_CTX_new();
    unsigned char bytes[2048];
    size_t size = sizeof(bytes);

    if (!context || EVP_PKEY_get_size(pkey) > (int)sizeof(bytes) ||
        EVP_DigestSignInit(context, NULL, digest, NULL, pkey) != 1 ||
        EVP_DigestSign(context, bytes, &size, data, len) != 1)
        return false;
    if (EVP_PKEY_is_a(pkey, "EC"))
        return put_pair(signature, bytes, size);
    return fl_buf_add(signature, bytes, size) == FLEET_OK;
}

int fl_ssh_key_sign(const struct fl_ssh_key *key, const void *data, size_t len,
                    int64_t deadline, struct fl_buf *signature,
                    struct fleet_error *err)
{
    struct fl_wire algorithm = algorithm_in(data, len);
    uint32_t flags =
        fl_wire_is(&algorithm, "rsa-sha2-512")   ? FL_AGENT_RSA_SHA512
        : fl_wire_is(&algorithm, "rsa-sha2-256") ? FL_AGENT_RSA_SHA256
                                                 : 0;

    if (!key->pkey)
        return fl_agent_sign(&key->blob, data, len, flags, deadline, signature,
                             err);
    if (sign(key->pkey, digest_for(&algorithm), data, len, signature))
        return fl_buf_check(signature, "signature", err);
    ERR_clear_error();
    if (signature->failed)
        return fl_buf_check(signature, "signature", err);
    return fleet_fail(err, FLEET_EINTERNAL, "%s: OpenSSL does not sign with it",
                      key->path);
}
