/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_ENGINE_PUSHING_H
#define FL_ENGINE_PUSHING_H

#include "core/engine/podsh.h"
#include "core/engine/push.h"

/* What the parts of push share; all in the pod's thread. */

#define FL_PUSH_LARGE ((int64_t)8 << 20) /* these are sent one by one */

struct fl_push_item {
    bool there;      /* a directory: it is there. A file: the very same is */
    bool fix_mode;   /* there, or will be, but with other permissions */
    bool staged;     /* whole in its temporary place */
    bool unit;       /* what it is below is there, so it is moved by itself */
    bool alone;      /* is sent by itself */
    bool older;      /* another version of a large file is there */
    bool given_up;   /* it could not be sent */
    bool maybe;      /* a file of the same size is there */
    size_t parent;   /* of the name: bytes of the directory that is there */
    int64_t partial; /* of a large file: bytes that have come */
};

/* "cd TOP || exit" in front of each script. */
void fl_push_cd(const struct fl_pushed *push, struct fl_buf *script);
/* The command that prints checksums of files or of its input. */
const char *fl_push_sum_command(const struct fl_pushed *push);
/* ./DIR/.fleet-push-TAG, and below it where item I is until it is whole. */
void fl_push_stage_dir(const struct fl_pushed *push, size_t i,
                       struct fl_buf *out);
void fl_push_stage_name(const struct fl_pushed *push, size_t i,
                        struct fl_buf *out);
/* ./.fleet-push-TAG.part of a large file as it is now. */
void fl_push_part_name(const struct fl_copy *copy, struct fl_buf *out);
/* "touch -t STAMP --", for names behind it; what sets no time where that is out
 * of range. */
void fl_push_put_stamp(int64_t mtime_ns, struct fl_buf *script);
/* Time for something that reads so many bytes and says nothing. */
int64_t fl_push_patience(const struct fl_pushed *push, int64_t bytes);
/* So many bytes more have gone. */
int fl_push_moved(struct fl_pushed *push, size_t len);

/* What is there: pushlook.c */
int fl_push_look(struct fl_pushed *push, struct fleet_error *err);
/* Sets staged for those sent together whose checksum over there is right, and
 * alone for the others. */
int fl_push_verify(struct fl_pushed *push, struct fleet_error *err);
/* To their temporary places: pushsend.c */
int fl_push_send_small(struct fl_pushed *push, struct fleet_error *err);
/* A large file of which an older version is there, to its part by rsync, whose
 * contents are then to be compared: pushrsync.c. FLEET_EUNSUPPORTED: it has to
 * go without. */
int fl_push_rsync(struct fl_pushed *push, const struct fl_copy *copy,
                  struct fleet_error *err);
int fl_push_send_alone(struct fl_pushed *push, size_t i,
                       struct fleet_error *err);
/* To where they belong: pushplace.c */
int fl_push_place(struct fl_pushed *push, struct fleet_error *err);
void fl_push_sweep(struct fl_pushed *push); /* nothing is left there */

#endif
