/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_NET_SSHWIRE_H
#define FL_NET_SSHWIRE_H

#include "core/base/buf.h"

#include <stdbool.h>
#include <stdint.h>

/* The strings and numbers that SSH packets, keys and agents are made of (RFC
 * 4251, 5), and the lines of text that hold keys. */

/* What is still to be read. The first failure sticks: read at will, ask bad
 * once; nothing is read past the end. */
struct fl_wire {
    const unsigned char *at;
    size_t left;
    bool bad;
};
struct fl_wire fl_wire(const void *data, size_t len);
unsigned char fl_wire_byte(struct fl_wire *wire);
uint32_t fl_wire_u32(struct fl_wire *wire);
/* A string, as something to read from in turn. */
struct fl_wire fl_wire_string(struct fl_wire *wire);
/* Whether this string, not yet read from, is TEXT. */
bool fl_wire_is(const struct fl_wire *string, const char *text);

void fl_wire_put_u32(struct fl_buf *out, uint32_t number);
void fl_wire_put(struct fl_buf *out, const void *data, size_t len);
void fl_wire_put_text(struct fl_buf *out, const char *text);
/* A positive number, most significant byte first. */
void fl_wire_put_number(struct fl_buf *out, const void *data, size_t len);

/* Adds what LEN bytes of base64 stand for; false when they are not base64 as
 * OpenSSH writes it: padded, without blanks. */
bool fl_base64_decode(const char *text, size_t len, struct fl_buf *out);

/* "ssh-ed25519 AAAA... comment", as in .pub files, to the bytes of the key. A
 * blob names its type itself; both must agree. FLEET_EINVALID tells what is
 * wrong in words that go behind the name of the line. */
#define FL_KEY_BLOB_MAX 8192
int fl_key_line_parse(const char *line, struct fl_buf *blob,
                      struct fleet_error *err);
/* "ssh-ed25519 AAAA..."; NULL when BLOB is no key, or no memory. */
char *fl_key_line(const void *blob, size_t len);
/* "ssh-ed25519" into OUT; "?" when BLOB is no key. */
#define FL_KEY_TYPE_SIZE 65
void fl_key_type(const void *blob, size_t len, char out[FL_KEY_TYPE_SIZE]);
/* "SHA256:...", as ssh-keygen -l shows it. */
#define FL_KEY_PRINT_SIZE 52
void fl_key_print(const void *blob, size_t len, char out[FL_KEY_PRINT_SIZE]);

#endif
