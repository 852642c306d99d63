/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "providers/local/file.h"
#include "tests/servers/sim/inside.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

struct arguments {
    int64_t port, pods;
    const char *dir, *prefix;
    bool until_eof;
};

static const char options_help[] =
    "  --port N        listen there on 127.0.0.1; default: a free one\n"
    "  --key TEXT      the API key; default: a random one\n"
    "  --dir DIR       where machines are; default: a new one, removed at the "
    "end\n"
    "  --ready MS      until a new machine is running (200)\n"
    "  --ssh MS        from then until its address is told (100)\n"
    "  --latency MS    of every call (0)\n"
    "  --settle MS     until a new machine shows in lists (0)\n"
    "  --rate N        calls a minute (0: no limit)\n"
    "  --no-ssh        machines without an sshd, for thousands of them\n"
    "  --pods N        begin with so many machines, without sshd\n"
    "  --prefix TEXT   of their names (stranger)\n"
    "  --until-eof     end when standard input does\n"
    "  --about         say in one line what this is\n"
    "  --help\n";

enum which {
    OPT_PORT = 1,
    OPT_KEY,
    OPT_DIR,
    OPT_READY,
    OPT_SSH,
    OPT_LATENCY,
    OPT_SETTLE,
    OPT_RATE,
    OPT_NO_SSH,
    OPT_PODS,
    OPT_PREFIX,
    OPT_UNTIL_EOF,
    OPT_ABOUT,
    OPT_HELP
};

static const struct option long_options[] = {
    {"port", required_argument, NULL, OPT_PORT},
    {"key", required_argument, NULL, OPT_KEY},
    {"dir", required_argument, NULL, OPT_DIR},
    {"ready", required_argument, NULL, OPT_READY},
    {"ssh", required_argument, NULL, OPT_SSH},
    {"latency", required_argument, NULL, OPT_LATENCY},
    {"settle", required_argument, NULL, OPT_SETTLE},
    {"rate", required_argument, NULL, OPT_RATE},
    {"no-ssh", no_argument, NULL, OPT_NO_SSH},
    {"pods", required_argument, NULL, OPT_PODS},
    {"prefix", required_argument, NULL, OPT_PREFIX},
    {"until-eof", no_argument, NULL, OPT_UNTIL_EOF},
    {"about", no_argument, NULL, OPT_ABOUT},
    {"help", no_argument, NULL, OPT_HELP},
    {0},
};

static void help(void)
{
    const struct sim_provider *about = &sim_provider;
    char *curl =
        about->curl ? sim_copy(about->curl)
                    : sim_format("-H \"Authorization: Bearer $%s\" \"$%s/...\"",
                                 about->key_variable, about->url_variable);

    printf("Example:\n"
           "  fleet-sim-%s --ready 500 --pods 3\n"
           "  curl %s\n\n"
           "Usage: fleet-sim-%s [--port N] [options]\n\n"
           "%s. Listens on loopback only, costs nothing.\n"
           "Prints the environment to use, and ends with SIGTERM or Ctrl-C; "
           "its\nmachines, which are real sshds, end with it.\n\n%s",
           about->name, curl, about->name, about->about, options_help);
    free(curl);
}

static int64_t number_of(const char *name, const char *text, int64_t max)
{
    char *end = NULL;
    long long value;

    errno = 0;
    value = strtoll(text, &end, 10);
    if (errno || end == text || *end || value < 0 || value > max) {
        fprintf(stderr,
                "fleet-sim-%s: --%s: a number up to %lld is asked for\n",
                sim_provider.name, name, (long long)max);
        exit(2);
    }
    return value;
}

static void take_option(struct sim_options *options,
                        struct arguments *arguments, int option)
{
    enum { DAY_MS = 86400000 };

    switch (option) {
    case OPT_PORT:
        arguments->port = number_of("port", optarg, 65535);
        break;
    case OPT_KEY:
        options->key = optarg;
        break;
    case OPT_DIR:
        arguments->dir = optarg;
        break;
    case OPT_READY:
        options->ready_ms = number_of("ready", optarg, DAY_MS);
        break;
    case OPT_SSH:
        options->ssh_ms = number_of("ssh", optarg, DAY_MS);
        break;
    case OPT_LATENCY:
        options->latency_ms = number_of("latency", optarg, DAY_MS);
        break;
    case OPT_SETTLE:
        options->settle_ms = number_of("settle", optarg, DAY_MS);
        break;
    case OPT_RATE:
        options->rate = number_of("rate", optarg, 1000000);
        break;
    case OPT_NO_SSH:
        options->no_ssh = true;
        break;
    case OPT_PODS:
        arguments->pods = number_of("pods", optarg, 1000000);
        break;
    case OPT_PREFIX:
        arguments->prefix = optarg;
        break;
    case OPT_UNTIL_EOF:
        arguments->until_eof = true;
        break;
    case OPT_ABOUT:
        printf("%s\n", sim_provider.about);
        exit(0);
    case OPT_HELP:
        help();
        exit(0);
    default:
        fprintf(stderr, "fleet-sim-%s: see --help\n", sim_provider.name);
        exit(2);
    }
}

static void take_options(struct sim_options *options,
                         struct arguments *arguments, int argc, char **argv)
{
    int option;

    while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1)
        take_option(options, arguments, option);
    if (optind < argc) {
        fprintf(stderr, "fleet-sim-%s: %s: takes no arguments; see --help\n",
                sim_provider.name, argv[optind]);
        exit(2);
    }
}

static int trouble(const char *what, const char *why)
{
    fprintf(stderr, "fleet-sim-%s: %s: %s\n", sim_provider.name, what, why);
    return 1;
}

/* One path only: processes are known by it. */
static bool open_dir(struct sim *sim, const char *wanted)
{
    const char *parent = getenv("TMPDIR");
    char *made =
        sim_format("%s/fleet-sim.XXXXXX", parent && *parent ? parent : "/tmp");

    if (wanted) {
        free(made);
        made = sim_copy(wanted);
        sim->own_dir = access(wanted, F_OK) != 0;
        if (dir_make(wanted, NULL) < 0)
            sim->own_dir = false;
    } else {
        sim->own_dir = mkdtemp(made) != NULL;
    }
    sim->dir = realpath(made, NULL);
    free(made);
    return sim->dir != NULL;
}

static int open_machines(struct sim *sim)
{
    char *root = sim_format("%s/machines", sim->dir);
    struct fleet_error err = {0};
    int rc = store_open(&sim->store, root, &err);

    free(root);
    if (rc == FLEET_OK && !sim->options.no_ssh)
        rc = server_open(&sim->server, NULL, &err);
    return rc < 0 ? trouble("machines", err.text) : 0;
}

static void close_dir(struct sim *sim)
{
    struct fleet_error err = {0};

    if (!sim->dir)
        return;
    if (tree_remove(sim->own_dir ? sim->dir : sim->store.root, &err) < 0)
        trouble(sim->dir, err.text);
}

static void seed(struct sim *sim, int64_t pods, const char *prefix)
{
    sim_lock(sim);
    for (int64_t i = 1; i <= pods; i++) {
        char *name = sim_format("%s-%lld", prefix, (long long)i);
        json_t *wish = json_pack("{s:s}", "name", name);

        if (!sim->provider->seed(sim, wish))
            abort();
        json_decref(wish);
        free(name);
    }
    sim_unlock(sim);
}

static void announce(const struct sim *sim, int port)
{
    const struct sim_provider *about = sim->provider;

    printf("%s=http://127.0.0.1:%d%s\n%s=%s\n", about->url_variable, port,
           about->url_path, about->key_variable, sim->options.key);
    for (const struct sim_variable *more = about->environment;
         more && more->name; more++)
        printf("%s=%s\n", more->name, more->value);
    fflush(stdout);
}

static int open_signals(sigset_t *set)
{
    sigemptyset(set);
    sigaddset(set, SIGTERM);
    sigaddset(set, SIGINT);
    sigaddset(set, SIGHUP);
    pthread_sigmask(SIG_BLOCK, set, NULL);
    signal(SIGPIPE, SIG_IGN);
    return signalfd(-1, set, SFD_CLOEXEC);
}

static bool at_end(int fd)
{
    char rest[256];
    ssize_t n = read(fd, rest, sizeof rest);

    return n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN);
}

static void wait_for_end(int signals, bool until_eof)
{
    struct pollfd at[] = {
        {.fd = signals, .events = POLLIN},
        {.fd = until_eof ? STDIN_FILENO : -1, .events = POLLIN}};

    for (;;) {
        if (poll(at, 2, -1) < 0 && errno != EINTR)
            return;
        if (at[0].revents || (at[1].revents && at_end(STDIN_FILENO)))
            return;
    }
}

static void stop(struct sim *sim)
{
    sim_lock(sim);
    sim->stopping = true;
    pthread_cond_broadcast(&sim->changed);
    sim_unlock(sim);
}

static int serve(struct sim *sim, const struct arguments *arguments,
                 int signals)
{
    struct sim_keeper *keeper = sim_keeper_start(sim);
    struct sim_http *http;
    int port = 0;

    seed(sim, arguments->pods, arguments->prefix);
    http = sim_http_start(sim, (int)arguments->port, &port);
    if (http) {
        announce(sim, port);
        wait_for_end(signals, arguments->until_eof);
        stop(sim);
        sim_http_stop(http);
    }
    sim_keeper_stop(keeper);
    return http ? 0 : trouble("cannot listen", strerror(errno));
}

static void sim_clear(struct sim *sim)
{
    for (size_t i = 0; i < sim->n_machines; i++)
        sim_machine_free(sim->machines[i]);
    free(sim->machines);
    json_decref(sim->faults);
    json_decref(sim->requests);
    json_decref(sim->values);
    store_close(&sim->store);
    server_close(&sim->server);
    free(sim->dir);
}

static int run(struct sim *sim, const struct arguments *arguments, int signals)
{
    int status = 0;

    if (!open_dir(sim, arguments->dir))
        return trouble(arguments->dir ? arguments->dir : "a new directory",
                       strerror(errno));
    status = open_machines(sim);
    if (status == 0) {
        sim->provider->open(sim);
        status = serve(sim, arguments, signals);
        sim->provider->close(sim);
    }
    close_dir(sim);
    return status;
}

int main(int argc, char **argv)
{
    struct arguments arguments = {.prefix = "stranger"};
    struct sim sim = {
        .provider = &sim_provider,
        .options = {.ready_ms = 200, .ssh_ms = 100},
        .lock = PTHREAD_MUTEX_INITIALIZER,
        .changed = PTHREAD_COND_INITIALIZER,
    };
    char key[33];
    sigset_t set;
    int status;

    json_object_seed(0);
    sim_random_word(key, sizeof key - 1);
    sim.options.key = key;
    take_options(&sim.options, &arguments, argc, argv);
    sim.begun_ms = sim_now_ms();
    sim.faults = json_array();
    sim.requests = json_array();
    sim.values = json_object();
    status = run(&sim, &arguments, open_signals(&set));
    sim_clear(&sim);
    return status;
}
