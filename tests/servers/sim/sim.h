/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef SIM_H
#define SIM_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The fake cloud. One program per provider speaks that provider's wire format
 * over plain HTTP on loopback, keeps state, enforces what the real one
 * enforces, and fails on demand. Its machines are real sshds.
 *
 * To add one: a file NAME.c here that defines sim_provider, with a table of
 * routes, and its four lines in local.mk. That file holds the wire format and
 * nothing else; here is what it need not know:
 *
 *   http.c      sockets, requests and replies; one thread a connection
 *   fault.c     what tests have asked to go wrong
 *   machine.c   which machines exist, and in which state
 *   keeper.c    sshds, begun and ended to match the machines
 *   control.c   /sim/..., through which tests steer and look
 *   check.c     request bodies against tables of fields
 *   route.c     paths, queries, replies
 *   rate.c      calls a minute
 *   main.c      options, start and end
 *
 * A provider's functions are called one at a time, under the sim's lock: they
 * are straight-line code, must not block, and may use everything below. Memory
 * does not run out here: allocation failures end the program. */
struct sim;
struct sim_call;

struct sim_route {
    const char *method, *path; /* "/v2/pods/{}/action"; each {} is an arg */
    void (*run)(struct sim_call *call);
};

struct sim_variable {
    const char *name, *value; /* ends at no name */
};

struct sim_provider {
    const char *name, *about; /* "runpod", one line */
    /* The environment to use: URL_VARIABLE=http://127.0.0.1:PORT + url_path. */
    const char *url_variable, *url_path, *key_variable;
    const char *curl; /* arguments for --help; NULL: with a bearer token */
    const struct sim_variable *environment; /* more of it; NULL: no more */
    const struct sim_route *routes;         /* ends at no method */
    int64_t body_max;                       /* 413 above; sim_call.too_long */
    /* Once, before anything else. May set sim_state. */
    void (*open)(struct sim *sim);
    void (*close)(struct sim *sim);
    /* NULL, or: reads a request whose path does not tell what it asks for,
     * before the log, faults and routes look at it; sim_call_rename, body.
     * Without the lock and without the state. */
    void (*read)(struct sim_call *call);
    /* NULL, or: the reply as text, where it is not to be JSON; NULL: it is. */
    char *(*render)(const struct sim_call *call);
    /* First for every request: authentication, rate limit, headers that all
     * answers have. false: it has replied. */
    bool (*admit)(struct sim_call *call);
    /* An answer in the provider's own error envelope: for faults that give no
     * body, unknown paths (404), wrong methods (405), too long bodies (413). */
    void (*fail)(struct sim_call *call, int status, const char *detail);
    /* A machine that is nobody's request: for --pods and POST /sim/machine.
     * WISH is an object: "name" and whatever the provider likes to take. NULL
     * when the wish is refused. */
    struct sim_machine *(*seed)(struct sim *sim, const json_t *wish);
};
extern const struct sim_provider sim_provider; /* of the program */

/* What the command line set; POST /sim/set changes the first five. */
struct sim_options {
    int64_t ready_ms;   /* from create or start until a machine is running */
    int64_t ssh_ms;     /* from then until its address is told */
    int64_t latency_ms; /* of every call */
    int64_t settle_ms;  /* until a new machine shows in lists */
    int64_t rate;       /* calls a minute; 0: no limit */
    bool no_ssh;        /* machines without an sshd */
    const char *key;
};
const struct sim_options *sim_options(const struct sim *sim);
/* Values that tests set for the provider to go by ("values" of POST /sim/set),
 * such as a balance; each provider's file lists its own at the top. */
const json_t *sim_values(const struct sim *sim);
void *sim_state(const struct sim *sim); /* the provider's own */
void sim_set_state(struct sim *sim, void *state);

/* --- calls ------------------------------------------------------------- */

enum { SIM_ARGS = 4, SIM_HEADERS = 24 };

struct sim_call {
    struct sim *sim;
    /* The request. */
    const char *method;
    const char *wire;    /* path and query as they came */
    const char *target;  /* likewise, until a provider's read renames it */
    char *path;          /* still percent-encoded */
    char *arg[SIM_ARGS]; /* for {}, decoded; "" is possible */
    json_t *body;        /* NULL: none, or no JSON; then look at text */
    char *text;          /* body as it came, "" when none */
    size_t text_len;
    bool too_long;
    /* The reply; status 0 means none yet. */
    int status;
    struct {
        char *name, *value;
    } header[SIM_HEADERS];
    int headers;
    json_t *reply;    /* or */
    char *reply_text; /* NULL: no body */
    const char *type; /* of the body, static */
    /* The rooms' own. */
    void *connection;
    json_t *log_entry, *faults, *fault;
};

/* A request header or NULL; name without regard to case. Borrowed. */
const char *sim_header(const struct sim_call *call, const char *name);
/* All of them, in order. */
void sim_each_header(const struct sim_call *call,
                     void (*tell)(void *arg, const char *name,
                                  const char *value),
                     void *arg);
/* For a provider's read: a path that tells what is asked for. */
void sim_call_rename(struct sim_call *call, char *path_taken);
/* The decoded value of a query parameter, the first of that name; NULL when
 * there is none. The caller's to free. */
char *sim_query(const struct sim_call *call, const char *name);
char *sim_decode(const char *text, size_t len); /* percent-encoding */
/* The token of "Authorization: Bearer TOKEN", or NULL. Borrowed. */
const char *sim_bearer(const struct sim_call *call);

/* Replies. The last one counts; headers add up, one of a name. */
void sim_reply(struct sim_call *call, int status, json_t *body_taken);
void sim_reply_text(struct sim_call *call, int status, const char *type,
                    const char *text);
void sim_reply_header(struct sim_call *call, const char *name,
                      const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The limit of --rate: a window of one minute. false: this call is over it.
 * *left and *reset_s for the headers; -1 when there is no limit. */
struct sim_rate {
    int64_t quota, left, reset_s;
};
bool sim_rate_take(struct sim *sim, struct sim_rate *rate);

/* --- faults ------------------------------------------------------------ */

/* Those that concern what a provider does rather than what it answers:
 * "capacity", "price", "recycle" and others that the provider's file lists at
 * its top. Returns the fault that applies to this call now, counted as used, or
 * NULL. WHAT is compared with the fault's "only" where it has one, such as a
 * GPU type; * and ? there are wildcards. Borrowed. */
const json_t *sim_fault(struct sim_call *call, const char *kind,
                        const char *what);

/* --- machines ---------------------------------------------------------- */

enum sim_machine_state {
    SIM_PENDING = 1, /* not up yet */
    SIM_RUNNING,
    SIM_STOPPED,
    SIM_FAILED,
    SIM_GONE
};
struct sim_machine {
    char *id, *name;
    int64_t number;     /* counts up: a newer machine has a greater one */
    int64_t created_ms; /* since the epoch */
    int64_t started_ms; /* when it was last running; 0: never */
    bool locked;
    json_t *data; /* the provider's own, an object */
    /* Where its sshd is; 0 and NULL until it is up. user is for all the same.
     */
    const char *host;
    int port;
    char *host_key;
    struct sim_machine_inside *inside;
};

/* What a new machine is made of. */
struct sim_wish {
    const char *id; /* NULL: 14 random letters and digits */
    const char *name;
    const char *login;     /* MACHINE_NAME of sessions; NULL: name */
    const char *keys;      /* lines of authorized_keys; NULL: no sshd */
    struct sim_call *call; /* for faults; may be NULL */
};
struct sim_machine *sim_machine_new(struct sim *sim,
                                    const struct sim_wish *wish);
/* By id, NULL when there is none or it is gone. */
struct sim_machine *sim_machine_find(const struct sim *sim, const char *id);
/* The newest machine with a number below BEFORE that is not gone, NULL: none.
 * INT64_MAX is a way to begin. */
struct sim_machine *sim_machine_before(const struct sim *sim, int64_t before);
/* Too new to show in lists. */
bool sim_machine_hidden(const struct sim *sim,
                        const struct sim_machine *machine);
/* To be told of each list: some machines show only in later ones. */
void sim_machines_listed(struct sim *sim);
enum sim_machine_state sim_machine_state(const struct sim *sim,
                                         const struct sim_machine *machine);
/* Running, with an sshd that answers and an address that may be told. */
bool sim_machine_reachable(const struct sim *sim,
                           const struct sim_machine *machine);
/* FRESH: the disk is lost, so it comes back with another port and host key. */
void sim_machine_stop(struct sim *sim, struct sim_machine *machine, bool fresh);
void sim_machine_start(struct sim *sim, struct sim_machine *machine);
void sim_machine_fail(struct sim *sim, struct sim_machine *machine);
void sim_machine_end(struct sim *sim, struct sim_machine *machine);
/* It is still found, as SIM_GONE, for so long. */
void sim_machine_linger(struct sim_machine *machine, int64_t ms);
void sim_machine_rename(struct sim_machine *machine, const char *name);
/* The account that every sshd lets in. */
const char *sim_login(const struct sim *sim);

/* --- request bodies ---------------------------------------------------- */

enum sim_type {
    SIM_STRING = 1,
    SIM_INTEGER,
    SIM_NUMBER,
    SIM_BOOLEAN,
    SIM_OBJECT, /* fields: of sub; none: any */
    SIM_MAP,    /* any keys, each value a string */
    SIM_ARRAY   /* each element like sub[0] */
};
#define SIM_REQUIRED (1u << 0)
#define SIM_NULLABLE (1u << 1)
#define SIM_ANY_KEY  (1u << 2) /* of an object: keys that sub does not name */
struct sim_field {
    const char *key;
    enum sim_type type;
    unsigned flags;
    int64_t min, max;         /* number, or length of a string or array; both 0:
                                 any */
    const char *pattern;      /* POSIX extended, of a string */
    const char *const *words; /* ends at NULL */
    const struct sim_field *sub; /* ends at no type */
};
/* Tells each violation: PATH is "$", "$.gpu.id", "$.ports[0]". */
typedef void sim_violation(void *arg, const char *path, const char *message);
/* VALUE against the object FIELDS. Returns how many violations there are. */
int sim_check(const json_t *value, const struct sim_field *fields,
              sim_violation *tell, void *arg);

/* --- odds and ends ----------------------------------------------------- */

int64_t sim_now_ms(void);   /* monotonic */
int64_t sim_clock_ms(void); /* since the epoch */
/* "2026-11-20T10:00:00.123Z"; WITHOUT_MS: "2026-11-20T10:00:00Z". */
#define SIM_STAMP_SIZE 40
void sim_stamp(char out[SIM_STAMP_SIZE], int64_t clock_ms, bool without_ms);
uint64_t sim_random(void);
/* LEN characters of [a-z0-9]; OUT has LEN + 1 bytes. */
void sim_random_word(char *out, size_t len);
/* A price: an integer where it is whole, as the clouds write it. */
json_t *sim_price(double price);
/* Never NULL: out of memory ends the program. */
char *sim_format(const char *format, ...) __attribute__((format(printf, 1, 2)));
char *sim_copy(const char *text);
void *sim_alloc(size_t size); /* zeroed */
/* Members of JSON objects with a default; "" is a text. */
const char *sim_text(const json_t *object, const char *key,
                     const char *fallback);
int64_t sim_number(const json_t *object, const char *key, int64_t fallback);
bool sim_flag(const json_t *object, const char *key);
/* Puts VALUE (stolen) into OBJECT. */
void sim_put(json_t *object, const char *key, json_t *value_taken);

#endif
