/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "providers/local/file.h"
#include "providers/local/process.h"
#include "tests/servers/sim/inside.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* A few threads that make the sshds what the machines say they should be. Each
 * looks for a machine where the two differ, and does one step. */

enum { WORKERS = 6, TRIES = 20, TRY_MS = 100 };

struct sim_keeper {
    struct sim *sim;
    pthread_t worker[WORKERS];
};

enum step { STEP_NONE, STEP_UP, STEP_DOWN, STEP_DISCARD };

/* What a worker takes along when it lets go of the lock. */
struct job {
    enum step step;
    struct sim_machine *machine;
    char *token, *name, *keys;
    int wanted_port;
    bool made;
    /* Results. */
    int64_t port;
    char *host_key;
};

static enum step next_step(const struct sim_machine *machine)
{
    const struct sim_machine_inside *inside = machine->inside;

    if (inside->busy || inside->no_ssh)
        return STEP_NONE;
    if (inside->made && (inside->want == SIM_WANT_NOTHING ||
                         inside->made != inside->generation))
        return STEP_DISCARD;
    if (inside->want == SIM_WANT_UP && !inside->up && !inside->broken)
        return STEP_UP;
    if (inside->want == SIM_WANT_DOWN && inside->up)
        return STEP_DOWN;
    return STEP_NONE;
}

static bool find_job(struct sim *sim, struct job *job)
{
    for (size_t i = 0; i < sim->n_machines; i++) {
        struct sim_machine *machine = sim->machines[i];
        struct sim_machine_inside *inside = machine->inside;
        enum step step = next_step(machine);

        if (step == STEP_NONE)
            continue;
        inside->busy = true;
        *job = (struct job){
            .step = step,
            .machine = machine,
            .token =
                sim_format("%s#%d", machine->id,
                           inside->made ? inside->made : inside->generation),
            .name = sim_copy(inside->login),
            .keys = sim_copy(inside->keys),
            .wanted_port = inside->wanted_port,
            .made = inside->made != 0,
        };
        return true;
    }
    return false;
}

static void job_clear(struct job *job)
{
    free(job->token);
    free(job->name);
    free(job->keys);
    free(job->host_key);
}

/* A machine's keys may be several lines; the pod's own file takes one. */
static int write_more_keys(const struct job *job, const char *dir,
                           struct fleet_error *err)
{
    const char *rest = strchr(job->keys, '\n');
    AUTO_FREE char *home = path_in(dir, "home");
    AUTO_FREE char *ssh = home ? path_in(home, ".ssh") : NULL;
    AUTO_FREE char *path = ssh ? path_in(ssh, "authorized_keys") : NULL;
    AUTO_FREE char *text = NULL;
    int rc = path ? FLEET_OK : fail_memory(err);

    if (!rest)
        return FLEET_OK;
    text = sim_format("%s\n", rest + 1);
    if (rc == FLEET_OK)
        rc = dir_make(home, err);
    if (rc == FLEET_OK)
        rc = dir_make(ssh, err);
    return rc < 0 ? rc : file_write(path, text, 0600, err);
}

static int fill_pod(const struct job *job, const char *dir, struct pod *pod)
{
    char stamp[SIM_STAMP_SIZE];

    sim_stamp(stamp, sim_clock_ms(), true);
    pod->dir = sim_copy(dir);
    pod->name = sim_copy(job->name);
    pod->token = sim_copy(job->token);
    pod->created = sim_copy(stamp);
    pod->public_key =
        sim_format("%.*s", (int)strcspn(job->keys, "\r\n"), job->keys);
    return FLEET_OK;
}

static int make_pod(struct sim *sim, const struct job *job, const char *id,
                    struct held *held, struct pod *pod, struct fleet_error *err)
{
    int rc = store_prepare(&sim->store, held, err);

    if (rc == FLEET_OK)
        rc = fill_pod(job, held->dir, pod);
    if (rc == FLEET_OK)
        rc = server_make_key(held->dir, &pod->host_key, err);
    if (rc == FLEET_OK)
        rc = write_more_keys(job, held->dir, err);
    if (rc == FLEET_OK)
        rc = store_commit(&sim->store, id, held, pod, err);
    if (rc == FLEET_OK && job->wanted_port) {
        pod->port = job->wanted_port;
        rc = pod_write(pod, err);
    }
    return rc;
}

/* The port may still be another's: of the machine it is recycled from, or of
 * somebody who has been faster. */
static int start_sshd(struct sim *sim, const struct job *job, struct pod *pod,
                      struct fleet_error *err)
{
    int rc = server_start(&sim->server, pod, err);

    for (int i = 0; i < TRIES && rc == FLEET_ECONFLICT; i++) {
        rc = FLEET_OK;
        if (job->wanted_port)
            sim_sleep(sim, TRY_MS);
        else
            rc = store_new_port(&sim->store, pod, err);
        if (rc == FLEET_OK)
            rc = server_start(&sim->server, pod, err);
    }
    return rc;
}

static int bring_up(struct sim *sim, struct job *job, struct fleet_error *err)
{
    AUTO_HELD struct held held = HELD_NONE;
    AUTO_POD struct pod pod = {0};
    char id[POD_ID_SIZE];
    int rc;

    pod_id(id, job->token);
    if (job->made) {
        rc = store_hold(&sim->store, id, &held, err);
        if (rc == FLEET_OK)
            rc = pod_read(held.dir, &pod, err);
    } else {
        rc = make_pod(sim, job, id, &held, &pod, err);
    }
    if (rc == FLEET_OK)
        rc = start_sshd(sim, job, &pod, err);
    if (rc < 0)
        return rc;
    job->port = pod.port;
    job->host_key = sim_copy(pod.host_key);
    return FLEET_OK;
}

static int bring_down(struct sim *sim, const struct job *job,
                      struct fleet_error *err)
{
    AUTO_HELD struct held held = HELD_NONE;
    char id[POD_ID_SIZE];
    int rc;

    pod_id(id, job->token);
    rc = store_hold(&sim->store, id, &held, err);
    if (rc == FLEET_ENOTFOUND)
        return FLEET_OK;
    if (rc == FLEET_OK)
        rc = process_end(held.dir, err);
    if (rc == FLEET_OK && job->step == STEP_DISCARD)
        rc = store_discard(&sim->store, &held, err);
    return rc;
}

static void note_up(struct sim_machine *machine, struct job *job)
{
    struct sim_machine_inside *inside = machine->inside;

    inside->up = true;
    if (inside->generation != inside->made)
        return; /* lost its disk meanwhile */
    free((char *)machine->host);
    free(machine->host_key);
    machine->host = sim_copy("127.0.0.1");
    machine->port = (int)job->port;
    machine->host_key = job->host_key;
    job->host_key = NULL;
}

/* With the lock. A failure is not tried again, but for an end. */
static void note(struct job *job, int rc)
{
    struct sim_machine_inside *inside = job->machine->inside;
    int generation = (int)strtol(strrchr(job->token, '#') + 1, NULL, 10);

    inside->busy = false;
    if (job->step == STEP_UP)
        inside->made = generation; /* or half of it: it can be discarded */
    if (job->step == STEP_UP && rc == FLEET_OK)
        note_up(job->machine, job);
    else if (job->step == STEP_UP)
        inside->broken = true;
    else
        inside->up = false;
    if (job->step == STEP_DISCARD)
        inside->made = 0;
}

static void work_on(struct sim *sim, struct job *job)
{
    struct fleet_error err = {0};
    int rc = job->step == STEP_UP ? bring_up(sim, job, &err)
                                  : bring_down(sim, job, &err);

    if (rc < 0)
        fprintf(stderr, "fleet-sim: machine %s: %s\n", job->machine->id,
                err.text);
    sim_lock(sim);
    note(job, rc);
    pthread_cond_broadcast(&sim->changed);
    sim_unlock(sim);
    job_clear(job);
}

static bool any_busy(const struct sim *sim)
{
    for (size_t i = 0; i < sim->n_machines; i++)
        if (sim->machines[i]->inside->busy)
            return true;
    return false;
}

static void *work(void *arg)
{
    struct sim *sim = arg;
    struct job job = {0};

    sim_lock(sim);
    for (;;) {
        if (find_job(sim, &job)) {
            sim_unlock(sim);
            work_on(sim, &job);
            sim_lock(sim);
        } else if (sim->clearing && !any_busy(sim)) {
            break;
        } else {
            pthread_cond_wait(&sim->changed, &sim->lock);
        }
    }
    sim_unlock(sim);
    return NULL;
}

struct sim_keeper *sim_keeper_start(struct sim *sim)
{
    struct sim_keeper *keeper = sim_alloc(sizeof *keeper);

    keeper->sim = sim;
    for (int i = 0; i < WORKERS; i++)
        if (pthread_create(&keeper->worker[i], NULL, work, sim) != 0)
            abort();
    return keeper;
}

void sim_keeper_stop(struct sim_keeper *keeper)
{
    struct sim *sim = keeper->sim;

    sim_lock(sim);
    sim->stopping = sim->clearing = true;
    for (size_t i = 0; i < sim->n_machines; i++)
        sim->machines[i]->inside->want = SIM_WANT_NOTHING;
    pthread_cond_broadcast(&sim->changed);
    sim_unlock(sim);
    for (int i = 0; i < WORKERS; i++)
        pthread_join(keeper->worker[i], NULL);
    free(keeper);
}
