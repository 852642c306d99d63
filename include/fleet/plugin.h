/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FLEET_PLUGIN_H
#define FLEET_PLUGIN_H

#include <fleet/error.h>
#ifndef __cplusplus
#include <stdbool.h>
#endif
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Changes only when an existing field changes its meaning. Fields and functions
 * are added at the end; sizes tell the host which ones a plugin knows. */
#define FLEET_PLUGIN_ABI 1u

enum fleet_kind { FLEET_PROVIDER = 1, FLEET_FORMAT = 2, FLEET_CHECK = 3 };

/* What the host serialises; ordered. */
enum fleet_threads {
    FLEET_THREADS_SERIAL = 0, /* one call at a time in the whole plugin */
    FLEET_THREADS_PER_HANDLE, /* one call at a time on each handle */
    FLEET_THREADS_PARALLEL    /* anything goes */
};

/* Abilities that a NULL function pointer cannot show. */
#define FLEET_CAP_SPOT       (UINT64_C(1) << 0)
#define FLEET_CAP_IDEMPOTENT (UINT64_C(1) << 1) /* create is safe to repeat */
#define FLEET_CAP_NO_ACCOUNT (UINT64_C(1) << 2) /* used when none is set up */
#define FLEET_CAP_PORTS      (UINT64_C(1) << 3) /* format: about the proxy */

enum fleet_option_type {
    FLEET_OPT_STRING = 1,
    FLEET_OPT_SECRET,
    FLEET_OPT_BOOL,
    FLEET_OPT_INT,
    FLEET_OPT_DURATION, /* "90s", "10m"; held as milliseconds */
    FLEET_OPT_CHOICE,
    FLEET_OPT_PATH, /* ~ and $HOME expanded; relative to the config file */
    FLEET_OPT_LIST, /* several values; held as text, one a line */
    FLEET_OPT_PRICE /* "1.25"; held as millionths */
};
enum fleet_holds { FLEET_HOLDS_TEXT = 1, FLEET_HOLDS_INT64, FLEET_HOLDS_BOOL };

#define FLEET_OPT_REQUIRED (1u << 0)
#define FLEET_OPT_BLANKS   (1u << 1) /* list: commas split it, blanks do not */
#define FLEET_OPT_ACCOUNT  (1u << 2) /* set: there is an account to be used */

struct fleet_option {
    const char *key, *help;     /* as in config.env; help is one line */
    const char *fallback;       /* default, as text; NULL: none */
    const char *const *aliases; /* other names also read; ends at NULL */
    const char *const *choices; /* FLEET_OPT_CHOICE; ends at NULL */
    int64_t min, max;           /* equal: any value */
    uint32_t type, flags;
    uint32_t offset, holds; /* set by FLEET_AT() */
};

#ifndef __cplusplus
/* A wrong member type does not compile; one that is wrong for the option is not
 * loaded. */
#define FLEET_AT(type_, member_)                                               \
    .offset = offsetof(type_, member_),                                        \
    .holds = _Generic(((type_ *)0)->member_,                                   \
        char *: FLEET_HOLDS_TEXT,                                              \
        int64_t: FLEET_HOLDS_INT64,                                            \
        bool: FLEET_HOLDS_BOOL)
#endif

/* The least time between two calls of one kind, whatever the handle. */
struct fleet_pace {
    uint32_t op; /* enum fleet_op; 0 ends the table */
    uint32_t gap_ms;
};
enum fleet_op {
    FLEET_OP_ANY = 1, /* every call */
    FLEET_OP_LIST,
    FLEET_OP_OFFERS,
    FLEET_OP_CREATE,
    FLEET_OP_FIND,
    FLEET_OP_GET,
    FLEET_OP_START,
    FLEET_OP_STOP,
    FLEET_OP_RESTART,
    FLEET_OP_TERMINATE,
    FLEET_OP_RENAME,
    FLEET_OP_LOCK,
    FLEET_OP_BALANCE,
    FLEET_OP_EXPOSE
};
#define FLEET_CAN(op_) (UINT64_C(1) << (op_))

/* What a call does beside what it is for; the user is told before it is made.
 * The layout is frozen. */
#define FLEET_EFFECT_WIPES (1u << 0) /* data on the pod is lost */
#define FLEET_EFFECT_BILLS (1u << 1) /* it goes on costing money */
struct fleet_effect {
    uint32_t op; /* enum fleet_op; 0 ends the table */
    uint32_t flags;
    const char *text; /* "the disk of the container is emptied" */
};

struct fleet_provider_ops;
struct fleet_format_ops;
struct fleet_check_ops;

struct fleet_plugin {
    uint32_t abi, size; /* these two stay first for ever */
    uint32_t kind, ops_size;
    uint32_t option_size; /* stride of options: entries may grow too */
    uint32_t threads;
    uint64_t caps;
    const char *name, *version, *summary;
    const struct fleet_option *options; /* ends at key == NULL; may be NULL */
    uint64_t config_size; /* the host allocates and fills this much */
    union {
        const struct fleet_provider_ops *provider;
        const struct fleet_format_ops *format;
        const struct fleet_check_ops *check;
        const void *any;
    } ops;
    const struct fleet_pace *pace; /* may be NULL */
    /* A config key that holds NAME=VALUE pairs; each becomes an instance of
     * that name, and the plugin itself stays in the background. */
    const char *instances_key;
    const char *instances_help;
    /* How long after a create a look-up may still miss what was made: for so
     * long the host does not believe that nothing is there. */
    uint32_t settle_ms;
    uint32_t reserved;
    const struct fleet_effect *effects; /* of a provider's calls; may be NULL */
};
#define FLEET_PLUGIN_HEAD(kind_, member_, ops_)                                \
    .abi = FLEET_PLUGIN_ABI, .size = sizeof(struct fleet_plugin),              \
    .kind = (kind_), .ops_size = sizeof(ops_),                                 \
    .option_size = sizeof(struct fleet_option), .ops = {.member_ = &(ops_)}

/* The one symbol that a plugin exports. */
extern FLEET_API const struct fleet_plugin fleet_plugin;

#ifdef __cplusplus
}
#endif
#endif
