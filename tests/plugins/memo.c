/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */

/* A cloud in a directory, for tests. Each pod is a small file that appears,
 * changes and goes in one step, so that any process may die at any point, and
 * any number of them may share the cloud.
 *
 *     MEMO_DIR/pods/ID    one pod, KEY=VALUE lines
 *     MEMO_DIR/calls      one line a call: operation, process, pod
 *     MEMO_DIR/fail.*     how often a fault of MEMO_FAIL has struck
 *     MEMO_DIR/lock       held during each call
 *
 * MEMO_FAIL is a list of OPERATION:FAULT[:COUNT]; without COUNT it strikes
 * always. FAULT is the name of an error code, and then nothing is done, or
 *
 *     ambiguous    it is done, and the answer says that this is not known
 *     lost         the same answer, but nothing was done
 *     die          it is done, and then the process is killed
 *     die_early    the process is killed before anything is done
 *     hang         no answer, ever; nothing is done
 *     rubbish      nothing is done; the answer is the code 42
 *
 * MEMO_OFFERS is a list of GPU@REGION@PRICE[@ROOM] in place of the one offer;
 * ROOM is how many pods of that GPU there can be, and "+N" that it has room
 * from the Nth question for offers on.
 *
 * The plugin memo2 is the same with MEMO2_DIR and so on, and with effects. */
#include <fleet/provider.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#ifndef MEMO_NAME
#define MEMO_NAME "memo"
#define MEMO_KEY  "MEMO_"
#endif
#define ID_SIZE   24
#define LINE_SIZE 1024

struct config {
    char *dir, *fail, *offers, *currency, *billing;
    int64_t late_price, slow_end;
    int64_t delay_ms, eventual, price, billed, balance, capacity, ssh_port;
    bool no_find;
};
struct memo {
    const struct config *config;
};

struct pod {
    char id[ID_SIZE];
    char name[256], token[64], gpu[600], image[600], user[256], created_at[32];
    int64_t state, gpus, price, locked, spot;
    int64_t hidden; /* so many looks do not see it yet */
    int64_t priceless,
        ending; /* so many looks do not see a price, or the end */
};

/* clang-format off */
static const struct fleet_option options[] = {
    {.key = MEMO_KEY "DIR", .type = FLEET_OPT_PATH, .flags = FLEET_OPT_REQUIRED,
     .help = "where the cloud is kept; made when it is missing",
     FLEET_AT(struct config, dir)},
    {.key = MEMO_KEY "FAIL", .type = FLEET_OPT_LIST,
     .help = "OPERATION:FAULT[:COUNT], several separated by spaces or commas",
     FLEET_AT(struct config, fail)},
    {.key = MEMO_KEY "DELAY_MS", .type = FLEET_OPT_INT, .fallback = "0",
     .min = 0, .max = 600000, .help = "every call takes so long",
     FLEET_AT(struct config, delay_ms)},
    {.key = MEMO_KEY "EVENTUAL", .type = FLEET_OPT_INT, .fallback = "0",
     .min = 0, .max = 1000,
     .help = "a new pod is missing from so many calls of list or find",
     FLEET_AT(struct config, eventual)},
    {.key = MEMO_KEY "NO_FIND", .type = FLEET_OPT_BOOL, .fallback = "no",
     .help = "offer no find",
     FLEET_AT(struct config, no_find)},
    {.key = MEMO_KEY "PRICE", .type = FLEET_OPT_PRICE, .fallback = "0.10",
     .help = "of the only offer, an hour",
     FLEET_AT(struct config, price)},
    {.key = MEMO_KEY "BILLED", .type = FLEET_OPT_PRICE, .fallback = "0",
     .help = "what a pod then really costs; 0: MEMO_PRICE",
     FLEET_AT(struct config, billed)},
    {.key = MEMO_KEY "BALANCE", .type = FLEET_OPT_PRICE, .fallback = "100",
     .help = "money in the account",
     FLEET_AT(struct config, balance)},
    {.key = MEMO_KEY "CAPACITY", .type = FLEET_OPT_INT, .fallback = "1000000",
     .min = 0, .max = 1000000, .help = "how many pods there can be",
     FLEET_AT(struct config, capacity)},
    {.key = MEMO_KEY "SSH_PORT", .type = FLEET_OPT_INT, .fallback = "0",
     .min = 0, .max = 65535,
     .help = "every pod's, on 127.0.0.1; 0: pods have no address",
     FLEET_AT(struct config, ssh_port)},
    {.key = MEMO_KEY "OFFERS", .type = FLEET_OPT_LIST,
     .flags = FLEET_OPT_BLANKS, .help = "GPU@REGION@PRICE[@ROOM], ...",
     FLEET_AT(struct config, offers)},
    {.key = MEMO_KEY "CURRENCY", .type = FLEET_OPT_STRING, .fallback = "USD",
     .help = "of all prices", FLEET_AT(struct config, currency)},
    {.key = MEMO_KEY "BILLING", .type = FLEET_OPT_STRING,
     .fallback = "nothing", .help = "what a stopped pod costs money for",
     FLEET_AT(struct config, billing)},
    {.key = MEMO_KEY "LATE_PRICE", .type = FLEET_OPT_INT, .fallback = "0",
     .min = 0, .max = 1000000,
     .help = "so many looks at a new pod do not tell its price",
     FLEET_AT(struct config, late_price)},
    {.key = MEMO_KEY "SLOW_END", .type = FLEET_OPT_INT, .fallback = "0",
     .min = 0, .max = 1000,
     .help = "so many looks still see a pod that was terminated",
     FLEET_AT(struct config, slow_end)},
    {0},
};
/* clang-format on */

/* Pods as files */

/* clang-format off */
#define TEXT(member_)                                                          \
    {#member_, offsetof(struct pod, member_),                                  \
     sizeof(((struct pod *)0)->member_)}
#define NUMBER(member_) {#member_, offsetof(struct pod, member_), 0}
static const struct line {
    const char *key;
    size_t offset, size; /* size 0: a number */
} lines[] = {
    TEXT(id), TEXT(name), TEXT(token), TEXT(gpu), TEXT(image), TEXT(user),
    TEXT(created_at), NUMBER(state), NUMBER(gpus), NUMBER(price),
    NUMBER(locked), NUMBER(spot), NUMBER(hidden), NUMBER(priceless),
    NUMBER(ending),
};
/* clang-format on */
#define LINES (sizeof(lines) / sizeof(lines[0]))

static int path_in(const struct memo *memo, char path[PATH_MAX],
                   const char *name, const char *suffix,
                   struct fleet_error *err)
{
    int n =
        snprintf(path, PATH_MAX, "%s/%s%s", memo->config->dir, name, suffix);

    return n > 0 && n < PATH_MAX
               ? FLEET_OK
               : fleet_fail(err, FLEET_EINVALID, MEMO_KEY "DIR is too long");
}

static int fail_errno(struct fleet_error *err, const char *what)
{
    return fleet_fail(err, FLEET_EINTERNAL, "%s: %s", what, strerror(errno));
}

static void print_pod(FILE *file, const struct pod *pod)
{
    for (size_t i = 0; i < LINES; i++) {
        const char *at = (const char *)pod + lines[i].offset;
        int64_t number;

        if (lines[i].size > 0) {
            fprintf(file, "%s=%s\n", lines[i].key, at);
            continue;
        }
        memcpy(&number, at, sizeof(number));
        fprintf(file, "%s=%" PRId64 "\n", lines[i].key, number);
    }
}

static void take_line(struct pod *pod, const char *key, const char *value)
{
    for (size_t i = 0; i < LINES; i++) {
        char *at = (char *)pod + lines[i].offset;
        int64_t number;

        if (strcmp(key, lines[i].key) != 0)
            continue;
        number = strtoll(value, NULL, 10);
        if (lines[i].size > 0)
            snprintf(at, lines[i].size, "%s", value);
        else
            memcpy(at, &number, sizeof(number));
    }
}

/* All or nothing, also for somebody who looks meanwhile. */
static int save_file(const struct memo *memo, const char *name,
                     const struct pod *pod, int64_t number,
                     struct fleet_error *err)
{
    char path[PATH_MAX], draft[PATH_MAX];
    FILE *file;
    int rc = path_in(memo, path, name, "", err);

    if (rc == 0)
        rc = path_in(memo, draft, "draft", "", err);
    if (rc < 0)
        return rc;
    file = fopen(draft, "we"); /* only one at a time: we hold the lock */
    if (!file)
        return fail_errno(err, draft);
    if (pod)
        print_pod(file, pod);
    else
        fprintf(file, "%" PRId64 "\n", number);
    if (fclose(file) != 0 || rename(draft, path) < 0)
        return fail_errno(err, path);
    return FLEET_OK;
}

static int pod_name(char name[64], const char *id, struct fleet_error *err)
{
    if (!*id || strlen(id) >= ID_SIZE || strchr(id, '/') || *id == '.')
        return fleet_fail(err, FLEET_ENOTFOUND, "no pod has such an id");
    snprintf(name, 64, "pods/%s", id);
    return FLEET_OK;
}

static int save_pod(const struct memo *memo, const struct pod *pod,
                    struct fleet_error *err)
{
    char name[64];
    int rc = pod_name(name, pod->id, err);

    return rc < 0 ? rc : save_file(memo, name, pod, 0, err);
}

static int load_pod(const struct memo *memo, const char *id, struct pod *pod,
                    struct fleet_error *err)
{
    char name[64], path[PATH_MAX], line[LINE_SIZE];
    FILE *file;
    int rc = pod_name(name, id, err);

    if (rc == 0)
        rc = path_in(memo, path, name, "", err);
    if (rc < 0)
        return rc;
    file = fopen(path, "re");
    if (!file && errno == ENOENT)
        return fleet_fail(err, FLEET_ENOTFOUND, "there is no pod %s", id);
    if (!file)
        return fail_errno(err, path);
    memset(pod, 0, sizeof(*pod));
    while (fgets(line, sizeof(line), file)) {
        char *value = strchr(line, '=');

        line[strcspn(line, "\n")] = '\0';
        if (value) {
            *value = '\0';
            take_line(pod, line, value + 1);
        }
    }
    fclose(file);
    return FLEET_OK;
}

/* Calls EACH with every pod until it returns something. */
static int each_pod(const struct memo *memo,
                    int (*each)(const struct memo *memo, struct pod *pod,
                                void *arg, struct fleet_error *err),
                    void *arg, struct fleet_error *err)
{
    char path[PATH_MAX];
    const struct dirent *entry;
    DIR *dir;
    int rc = path_in(memo, path, "pods", "", err);

    if (rc < 0)
        return rc;
    dir = opendir(path);
    if (!dir)
        return fail_errno(err, path);
    while (rc == 0 && (entry = readdir(dir))) {
        struct pod pod;

        if (entry->d_name[0] == '.')
            continue;
        rc = load_pod(memo, entry->d_name, &pod, err);
        if (rc == 0)
            rc = each(memo, &pod, arg, err);
    }
    closedir(dir);
    return rc;
}

/* Calls: the lock, the record of calls, the faults */

struct fault {
    const char *word;
    int code;
    bool done; /* the work is done first */
    bool kills, hangs;
};
/* clang-format off */
static const struct fault faults[] = {
    {"ambiguous", FLEET_EAMBIGUOUS, true,  false, false},
    {"lost",      FLEET_EAMBIGUOUS, false, false, false},
    {"die",       0,                true,  true,  false},
    {"die_early", 0,                false, true,  false},
    {"hang",      0,                false, false, true},
    {"rubbish",   42,               false, false, false},
};
/* clang-format on */

struct turn {
    int lock;
    struct fault fault; /* word NULL: none */
};

/* Others hold it for a moment only, but one of them may be stopped. */
static int take_lock(const struct memo *memo, int *lock,
                     struct fleet_error *err)
{
    char path[PATH_MAX];
    int rc = path_in(memo, path, "lock", "", err);

    if (rc < 0)
        return rc;
    *lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (*lock < 0)
        return fail_errno(err, path);
    while (flock(*lock, LOCK_EX | LOCK_NB) < 0) {
        rc = errno == EWOULDBLOCK || errno == EINTR ? fleet_call_sleep(2, err)
                                                    : fail_errno(err, path);
        if (rc < 0) {
            close(*lock);
            return rc;
        }
    }
    return FLEET_OK;
}

static int note_call(const struct memo *memo, const char *op, const char *what,
                     struct fleet_error *err)
{
    char path[PATH_MAX];
    FILE *file;
    int rc = path_in(memo, path, "calls", "", err);

    if (rc < 0)
        return rc;
    file = fopen(path, "ae");
    if (!file)
        return fail_errno(err, path);
    fprintf(file, "%s %ld %s\n", op, (long)getpid(), what ? what : "-");
    return fclose(file) == 0 ? FLEET_OK : fail_errno(err, path);
}

/* Has this fault not yet struck COUNT times? Then it does now. */
static int strikes(const struct memo *memo, const char *rule, int64_t count,
                   bool *strike, struct fleet_error *err)
{
    char name[128], path[PATH_MAX], line[LINE_SIZE] = "";
    int64_t before;
    FILE *file;
    int rc;

    snprintf(name, sizeof(name), "fail.%s", rule);
    rc = path_in(memo, path, name, "", err);
    if (rc < 0)
        return rc;
    file = fopen(path, "re");
    if (file && !fgets(line, sizeof(line), file))
        line[0] = '\0';
    if (file)
        fclose(file);
    before = strtoll(line, NULL, 10);
    *strike = before < count;
    return *strike ? save_file(memo, name, NULL, before + 1, err) : FLEET_OK;
}

static struct fault fault_named(const char *word)
{
    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
        if (strcmp(faults[i].word, word) == 0)
            return faults[i];
    }
    return (struct fault){.word = "code", .code = fleet_code_from_name(word)};
}

/* RULE is "create:capacity:3". */
static int apply_rule(const struct memo *memo, const char *op, char *rule,
                      struct fault *fault, struct fleet_error *err)
{
    char *word = strchr(rule, ':'), *count;
    bool strike = false;
    int rc;

    if (!word)
        return fleet_fail(err, FLEET_ECONFIG,
                          MEMO_KEY "FAIL: '%s' is not OPERATION:FAULT", rule);
    if (strncmp(rule, op, (size_t)(word - rule)) != 0 || op[word - rule])
        return FLEET_OK;
    count = strchr(word + 1, ':');
    if (count)
        *count++ = '\0';
    rc = strikes(memo, rule, count ? strtoll(count, NULL, 10) : INT64_MAX,
                 &strike, err);
    if (rc == 0 && strike)
        *fault = fault_named(word + 1);
    return rc;
}

static int find_fault(const struct memo *memo, const char *op,
                      struct fault *fault, struct fleet_error *err)
{
    char *rules, *rest, *rule;
    int rc = FLEET_OK;

    memset(fault, 0, sizeof(*fault));
    if (!memo->config->fail)
        return FLEET_OK;
    rules = rest = strdup(memo->config->fail);
    if (!rules)
        return fleet_fail(err, FLEET_ENOMEM, "out of memory");
    while (rc == 0 && !fault->word && (rule = strsep(&rest, " ,\n"))) {
        if (*rule)
            rc = apply_rule(memo, op, rule, fault, err);
    }
    free(rules);
    return rc;
}

static int strike(const struct fault *fault, struct fleet_error *err)
{
    if (fault->kills)
        kill(getpid(), SIGKILL);
    while (fault->hangs)
        pause();
    return fleet_fail(err, fault->code, "as MEMO_FAIL has it");
}

/* After it, and only when it succeeds, end must be called. */
static int begin(const struct memo *memo, struct turn *turn, const char *op,
                 const char *what, struct fleet_error *err)
{
    int rc = memo->config->delay_ms > 0
                 ? fleet_call_sleep(memo->config->delay_ms, err)
                 : FLEET_OK;

    if (rc == 0)
        rc = take_lock(memo, &turn->lock, err);
    if (rc < 0)
        return rc;
    rc = note_call(memo, op, what, err);
    if (rc == 0)
        rc = find_fault(memo, op, &turn->fault, err);
    if (rc == 0 && (!turn->fault.word || turn->fault.done))
        return FLEET_OK;
    close(turn->lock);
    return rc < 0 ? rc : strike(&turn->fault, err);
}

static int end(struct turn *turn, int rc, struct fleet_error *err)
{
    close(turn->lock);
    return rc == 0 && turn->fault.word ? strike(&turn->fault, err) : rc;
}

/* The provider */

static int make_dir(const struct memo *memo, const char *name,
                    struct fleet_error *err)
{
    char path[PATH_MAX];
    int rc = path_in(memo, path, name, "", err);

    if (rc < 0 || mkdir(path, 0700) == 0 || errno == EEXIST)
        return rc;
    return fail_errno(err, path);
}

static int memo_open(const void *config, struct fleet_host *host, void **handle,
                     struct fleet_error *err)
{
    struct memo *memo = calloc(1, sizeof(*memo));
    int rc;

    (void)host;
    if (!memo)
        return fleet_fail(err, FLEET_ENOMEM, "out of memory");
    memo->config = config;
    rc = make_dir(memo, "", err);
    if (rc == 0)
        rc = make_dir(memo, "pods", err);
    if (rc < 0)
        free(memo);
    else
        *handle = memo;
    return rc;
}

static void memo_close(void *handle)
{
    free(handle);
}

static uint64_t memo_abilities(void *handle)
{
    const struct memo *memo = handle;

    return memo->config->no_find ? ~FLEET_CAN(FLEET_OP_FIND) : ~UINT64_C(0);
}

static void fill(const struct memo *memo, const struct pod *from,
                 struct fleet_pod *pod)
{
    fleet_pod_set(pod, FLEET_POD_ID, from->id);
    fleet_pod_set(pod, FLEET_POD_NAME, from->name);
    fleet_pod_set(pod, FLEET_POD_TOKEN, from->token);
    fleet_pod_set(pod, FLEET_POD_GPU, from->gpu);
    fleet_pod_set(pod, FLEET_POD_IMAGE, from->image);
    fleet_pod_set(pod, FLEET_POD_CREATED_AT, from->created_at);
    fleet_pod_set(pod, FLEET_POD_REGION, "memory");
    fleet_pod_set(pod, FLEET_POD_CURRENCY, memo->config->currency);
    fleet_pod_set(pod, FLEET_POD_BILLING,
                  from->state == FLEET_STATE_RUNNING ? "running"
                                                     : memo->config->billing);
    fleet_pod_set_number(pod, FLEET_POD_STATE, from->state);
    fleet_pod_set_number(pod, FLEET_POD_GPUS, from->gpus);
    if (from->priceless == 0)
        fleet_pod_set_number(pod, FLEET_POD_PRICE_MICROS, from->price);
    fleet_pod_set_number(pod, FLEET_POD_LOCKED, from->locked);
    fleet_pod_set_number(pod, FLEET_POD_SPOT, from->spot);
    if (memo->config->ssh_port > 0 && from->state == FLEET_STATE_RUNNING) {
        fleet_pod_set(pod, FLEET_POD_SSH_HOST, "127.0.0.1");
        fleet_pod_set_number(pod, FLEET_POD_SSH_PORT, memo->config->ssh_port);
        fleet_pod_set(pod, FLEET_POD_SSH_USER, from->user);
    }
}

/* A look that comes too early for this pod; the next one is nearer. */
static int unseen(const struct memo *memo, struct pod *pod, bool *hidden,
                  struct fleet_error *err)
{
    *hidden = pod->hidden > 0;
    if (!*hidden)
        return FLEET_OK;
    pod->hidden--;
    return save_pod(memo, pod, err);
}

static int list_one(const struct memo *memo, struct pod *pod, void *arg,
                    struct fleet_error *err)
{
    struct fleet_pod *answer;
    bool hidden;
    int rc = unseen(memo, pod, &hidden, err);

    if (rc < 0 || hidden)
        return rc;
    answer = fleet_sink_pod(arg);
    if (!answer)
        return FLEET_ENOMEM;
    fill(memo, pod, answer);
    return FLEET_OK;
}

static int memo_list(void *handle, struct fleet_sink *pods,
                     struct fleet_error *err)
{
    const struct memo *memo = handle;
    struct turn turn;
    int rc = begin(memo, &turn, "list", NULL, err);

    if (rc != 0)
        return rc;
    return end(&turn, each_pod(memo, list_one, pods, err), err);
}

/* One entry of MEMO_OFFERS, taken apart. */
struct stall {
    char gpu[600], region[600];
    int64_t price, room, from; /* from: the question that it begins with */
};

static bool read_stall(const char *text, size_t len, struct stall *stall)
{
    char line[LINE_SIZE], *rest = line, *gpu, *region, *price, *room;

    snprintf(line, sizeof(line), "%.*s", (int)len, text);
    gpu = strsep(&rest, "@");
    region = strsep(&rest, "@");
    price = strsep(&rest, "@");
    room = strsep(&rest, "@");
    if (!gpu || !region || !price)
        return false;
    snprintf(stall->gpu, sizeof(stall->gpu), "%s", gpu);
    snprintf(stall->region, sizeof(stall->region), "%s", region);
    stall->price = (int64_t)(strtod(price, NULL) * 1000000 + 0.5);
    stall->room = INT64_MAX;
    stall->from = 0;
    if (room && room[0] == '+')
        stall->from = strtoll(room + 1, NULL, 10);
    else if (room)
        stall->room = strtoll(room, NULL, 10);
    return true;
}

/* The next entry; false at the end. */
static bool next_stall(const char **at, struct stall *stall)
{
    size_t len;

    do {
        *at += strspn(*at, "\n");
        len = strcspn(*at, "\n");
        *at += len;
    } while (len > 0 && !read_stall(*at - len, len, stall));
    return len > 0;
}

static int offer_stalls(const struct memo *memo, const struct fleet_spec *want,
                        struct fleet_sink *offers, struct fleet_error *err)
{
    const char *at = memo->config->offers;
    struct stall stall;
    bool not_yet;

    while (next_stall(&at, &stall)) {
        struct fleet_offer *offer = fleet_sink_offer(offers);
        char rule[64];
        int rc;

        if (!offer)
            return FLEET_ENOMEM;
        snprintf(rule, sizeof(rule), "from.%.40s", stall.gpu);
        rc = strikes(memo, rule, stall.from, &not_yet, err);
        if (rc < 0)
            return rc;
        fleet_offer_set(offer, FLEET_OFFER_ID, stall.gpu);
        fleet_offer_set(offer, FLEET_OFFER_GPU, stall.gpu);
        fleet_offer_set_number(offer, FLEET_OFFER_GPUS,
                               fleet_spec_get_number(want, FLEET_SPEC_GPUS, 1));
        fleet_offer_set(offer, FLEET_OFFER_REGION, stall.region);
        fleet_offer_set(offer, FLEET_OFFER_CURRENCY, memo->config->currency);
        fleet_offer_set(offer, FLEET_OFFER_STOCK, not_yet ? "none" : "high");
        fleet_offer_set_number(offer, FLEET_OFFER_PRICE_MICROS, stall.price);
    }
    return FLEET_OK;
}

static int memo_offers(void *handle, const struct fleet_spec *want,
                       struct fleet_sink *offers, struct fleet_error *err)
{
    const struct memo *memo = handle;
    const char *gpu = fleet_spec_get(want, FLEET_SPEC_GPU);
    struct fleet_offer *offer;
    struct turn turn;
    int rc = begin(memo, &turn, "offers", gpu, err);

    if (rc != 0)
        return rc;
    if (memo->config->offers)
        return end(&turn, offer_stalls(memo, want, offers, err), err);
    offer = fleet_sink_offer(offers);
    if (!offer)
        return end(&turn, FLEET_ENOMEM, err);
    fleet_offer_set(offer, FLEET_OFFER_ID, "memo-standard");
    fleet_offer_set(offer, FLEET_OFFER_GPU, gpu ? gpu : "Memo 1");
    fleet_offer_set_number(offer, FLEET_OFFER_GPUS,
                           fleet_spec_get_number(want, FLEET_SPEC_GPUS, 1));
    fleet_offer_set(offer, FLEET_OFFER_REGION, "memory");
    fleet_offer_set(offer, FLEET_OFFER_CURRENCY, memo->config->currency);
    fleet_offer_set(offer, FLEET_OFFER_STOCK, "high");
    fleet_offer_set_number(offer, FLEET_OFFER_PRICE_MICROS,
                           memo->config->price);
    return end(&turn, FLEET_OK, err);
}

static int count_one(const struct memo *memo, struct pod *pod, void *arg,
                     struct fleet_error *err)
{
    int64_t *count = arg;

    (void)memo;
    (void)pod;
    (void)err;
    (*count)++;
    return FLEET_OK;
}

static int new_id(char id[ID_SIZE], struct fleet_error *err)
{
    uint64_t random;

    if (getrandom(&random, sizeof(random), 0) != sizeof(random))
        return fail_errno(err, "getrandom");
    snprintf(id, ID_SIZE, "memo-%016" PRIx64, random);
    return FLEET_OK;
}

static void copy(char *to, size_t size, const char *from)
{
    snprintf(to, size, "%s", from ? from : "");
}

static int make_pod(const struct memo *memo, const struct fleet_spec *spec,
                    struct pod *pod, struct fleet_error *err)
{
    const struct config *config = memo->config;
    const char *gpu = fleet_spec_get(spec, FLEET_SPEC_GPU);
    time_t now = time(NULL);
    struct tm tm;

    memset(pod, 0, sizeof(*pod));
    copy(pod->name, sizeof(pod->name), fleet_spec_get(spec, FLEET_SPEC_NAME));
    copy(pod->token, sizeof(pod->token),
         fleet_spec_get(spec, FLEET_SPEC_TOKEN));
    copy(pod->gpu, sizeof(pod->gpu), gpu ? gpu : "Memo 1");
    copy(pod->image, sizeof(pod->image),
         fleet_spec_get(spec, FLEET_SPEC_IMAGE));
    copy(pod->user, sizeof(pod->user),
         fleet_spec_get(spec, FLEET_SPEC_SSH_USER));
    strftime(pod->created_at, sizeof(pod->created_at), "%Y-%m-%dT%H:%M:%SZ",
             gmtime_r(&now, &tm));
    pod->state = FLEET_STATE_RUNNING;
    pod->gpus = fleet_spec_get_number(spec, FLEET_SPEC_GPUS, 1);
    pod->spot = fleet_spec_get_number(spec, FLEET_SPEC_SPOT, 0);
    pod->price = config->billed > 0 ? config->billed : config->price;
    pod->hidden = config->eventual;
    pod->priceless = config->late_price;
    return new_id(pod->id, err);
}

struct counting {
    const char *gpu;
    int64_t n;
};

static int count_gpu(const struct memo *memo, struct pod *pod, void *arg,
                     struct fleet_error *err)
{
    struct counting *counting = arg;

    (void)memo;
    (void)err;
    counting->n += strcmp(pod->gpu, counting->gpu) == 0;
    return FLEET_OK;
}

/* The pod of one of MEMO_OFFERS: its price, if there is room. */
static int take_stall(const struct memo *memo, const struct fleet_spec *spec,
                      struct pod *pod, struct fleet_error *err)
{
    const char *at = memo->config->offers;
    const char *id = fleet_spec_get(spec, FLEET_SPEC_OFFER);
    struct counting counting = {.gpu = pod->gpu};
    struct stall stall;
    int rc = each_pod(memo, count_gpu, &counting, err);

    while (rc == 0 && at && id && next_stall(&at, &stall)) {
        if (strcmp(stall.gpu, id) != 0)
            continue;
        if (counting.n >= stall.room)
            return fleet_fail(err, FLEET_ECAPACITY, "no %s is left", id);
        if (memo->config->billed == 0)
            pod->price = stall.price;
        break;
    }
    return rc;
}

static int memo_create(void *handle, const struct fleet_spec *spec,
                       struct fleet_pod *answer, struct fleet_error *err)
{
    const struct memo *memo = handle;
    int64_t count = 0;
    struct turn turn;
    struct pod pod;
    int rc = begin(memo, &turn, "create", fleet_spec_get(spec, FLEET_SPEC_NAME),
                   err);

    if (rc != 0)
        return rc;
    rc = each_pod(memo, count_one, &count, err);
    if (rc == 0 && count >= memo->config->capacity)
        rc = fleet_fail(err, FLEET_ECAPACITY, "all %" PRId64 " pods are taken",
                        count);
    if (rc == 0)
        rc = make_pod(memo, spec, &pod, err);
    if (rc == 0)
        rc = take_stall(memo, spec, &pod, err);
    if (rc == 0)
        rc = save_pod(memo, &pod, err);
    if (rc == 0)
        fill(memo, &pod, answer);
    return end(&turn, rc, err);
}

struct search {
    const char *token;
    struct pod found;
};

static int compare_one(const struct memo *memo, struct pod *pod, void *arg,
                       struct fleet_error *err)
{
    struct search *search = arg;
    bool hidden;
    int rc;

    if (strcmp(pod->token, search->token) != 0)
        return FLEET_OK;
    rc = unseen(memo, pod, &hidden, err);
    if (rc == 0 && !hidden)
        search->found = *pod;
    return rc;
}

static int memo_find(void *handle, const char *token, struct fleet_pod *answer,
                     struct fleet_error *err)
{
    const struct memo *memo = handle;
    struct search search = {.token = token};
    struct turn turn;
    int rc = begin(memo, &turn, "find", token, err);

    if (rc != 0)
        return rc;
    rc = each_pod(memo, compare_one, &search, err);
    if (rc == 0 && !search.found.id[0])
        rc = fleet_fail(err, FLEET_ENOTFOUND, "no pod has the token %s", token);
    if (rc == 0)
        fill(memo, &search.found, answer);
    return end(&turn, rc, err);
}

static int remove_pod(const struct memo *memo, const char *id,
                      struct fleet_error *err)
{
    char name[64], path[PATH_MAX];
    int rc = pod_name(name, id, err);

    if (rc == 0)
        rc = path_in(memo, path, name, "", err);
    if (rc == 0 && unlink(path) < 0 && errno != ENOENT)
        rc = fail_errno(err, path);
    return rc;
}

/* One look nearer to its price, or to its end. */
static int looked_at(const struct memo *memo, struct pod *pod,
                     struct fleet_error *err)
{
    if (pod->ending == 0 && pod->priceless == 0)
        return FLEET_OK;
    if (pod->priceless > 0)
        pod->priceless--;
    if (pod->ending > 0 && --pod->ending == 0)
        return remove_pod(memo, pod->id, err);
    return save_pod(memo, pod, err);
}

static int memo_get(void *handle, const char *id, struct fleet_pod *answer,
                    struct fleet_error *err)
{
    const struct memo *memo = handle;
    struct turn turn;
    struct pod pod;
    int rc = begin(memo, &turn, "get", id, err);

    if (rc != 0)
        return rc;
    rc = load_pod(memo, id, &pod, err);
    if (rc == 0)
        rc = looked_at(memo, &pod, err);
    if (rc == 0)
        fill(memo, &pod, answer);
    return end(&turn, rc, err);
}

static int change(void *handle, const char *op, const char *id,
                  void (*how)(struct pod *pod, const void *arg),
                  const void *arg, struct fleet_error *err)
{
    const struct memo *memo = handle;
    struct turn turn;
    struct pod pod;
    int rc = begin(memo, &turn, op, id, err);

    if (rc != 0)
        return rc;
    rc = load_pod(memo, id, &pod, err);
    if (rc == 0) {
        how(&pod, arg);
        rc = save_pod(memo, &pod, err);
    }
    return end(&turn, rc, err);
}

static void set_running(struct pod *pod, const void *arg)
{
    (void)arg;
    pod->state = FLEET_STATE_RUNNING;
}

static void set_stopped(struct pod *pod, const void *arg)
{
    (void)arg;
    pod->state = FLEET_STATE_STOPPED;
}

static void set_name(struct pod *pod, const void *arg)
{
    copy(pod->name, sizeof(pod->name), arg);
}

static void set_locked(struct pod *pod, const void *arg)
{
    pod->locked = *(const int32_t *)arg;
}

static int memo_start(void *handle, const char *id, struct fleet_error *err)
{
    return change(handle, "start", id, set_running, NULL, err);
}

static int memo_stop(void *handle, const char *id, struct fleet_error *err)
{
    return change(handle, "stop", id, set_stopped, NULL, err);
}

static int memo_restart(void *handle, const char *id, struct fleet_error *err)
{
    return change(handle, "restart", id, set_running, NULL, err);
}

static int memo_rename(void *handle, const char *id, const char *name,
                       struct fleet_error *err)
{
    return change(handle, "rename", id, set_name, name, err);
}

static int memo_lock(void *handle, const char *id, int32_t locked,
                     struct fleet_error *err)
{
    return change(handle, "lock", id, set_locked, &locked, err);
}

static int memo_terminate(void *handle, const char *id, struct fleet_error *err)
{
    const struct memo *memo = handle;
    struct turn turn;
    struct pod pod;
    int rc = begin(memo, &turn, "terminate", id, err);

    if (rc != 0)
        return rc;
    if (memo->config->slow_end == 0)
        return end(&turn, remove_pod(memo, id, err), err);
    rc = load_pod(memo, id, &pod, err);
    if (rc == FLEET_ENOTFOUND)
        return end(&turn, FLEET_OK, err);
    pod.state = FLEET_STATE_TERMINATING;
    pod.ending = memo->config->slow_end;
    if (rc == 0)
        rc = save_pod(memo, &pod, err);
    return end(&turn, rc, err);
}

static int memo_balance(void *handle, int64_t *micros, char currency[8],
                        struct fleet_error *err)
{
    const struct memo *memo = handle;
    struct turn turn;
    int rc = begin(memo, &turn, "balance", NULL, err);

    if (rc != 0)
        return rc;
    *micros = memo->config->balance;
    copy(currency, 8, memo->config->currency);
    return end(&turn, FLEET_OK, err);
}

static const struct fleet_provider_ops ops = {
    .open = memo_open,
    .close = memo_close,
    .list = memo_list,
    .offers = memo_offers,
    .create = memo_create,
    .find = memo_find,
    .get = memo_get,
    .start = memo_start,
    .stop = memo_stop,
    .restart = memo_restart,
    .terminate = memo_terminate,
    .rename = memo_rename,
    .lock = memo_lock,
    .balance = memo_balance,
    .abilities = memo_abilities,
};

#ifdef MEMO_EFFECTS
static const struct fleet_effect effects[] = {
    {FLEET_OP_STOP, FLEET_EFFECT_BILLS, "the volume still costs 0.01 an hour"},
    {FLEET_OP_RESTART, FLEET_EFFECT_WIPES, "the container disk is emptied"},
    {FLEET_OP_START, 0, "may take another GPU"},
    {0, 0, NULL},
};
#endif

const struct fleet_plugin fleet_plugin = {
    FLEET_PLUGIN_HEAD(FLEET_PROVIDER, provider, ops),
    .name = MEMO_NAME,
    .version = "1.0",
    .summary = "a cloud in a directory, for tests",
    .threads = FLEET_THREADS_PARALLEL,
    .options = options,
    .config_size = sizeof(struct config),
    .settle_ms = 1000,
#ifdef MEMO_EFFECTS
    .effects = effects,
#endif
};
