/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/engine/settings.h"

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/text.h"
#include "core/model/pubkey.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#define AT(member_) FLEET_AT(struct fl_settings, member_)
#define NAMES(...)                                                             \
    .aliases = (const char *const[])                                           \
    {                                                                          \
        __VA_ARGS__, NULL                                                      \
    }

static const char *const placements[] = {"listed", "cheapest", NULL};

/* clang-format off */
const struct fleet_option fl_settings_options[] = {
    {.key = "PROVIDERS", .type = FLEET_OPT_LIST, AT(providers),
     .help = "where to look for pods and make them, in order of preference; "
             "default: those with credentials, else local"},
    {.key = "MACHINE_NAME_PREFIX", .type = FLEET_OPT_STRING, AT(prefix),
     .help = "the cohort: pods are called PREFIX-NAME"},
    {.key = "MACHINE_NAME_LIST", .type = FLEET_OPT_LIST, AT(names),
     .help = "names of the pods, in order; default: a built-in list"},
    {.key = "SSH_USER", .type = FLEET_OPT_STRING, AT(ssh_user),
     .fallback = "root", .help = "who logs in to the pods"},
    {.key = "SHARED_SSH_KEY_PATH", .type = FLEET_OPT_PATH, AT(key_path),
     .help = "private key that opens the pods; its .pub stands beside it"},
    {.key = "SSH_CA_KEY_PATH", .type = FLEET_OPT_PATH, AT(ca_key_path),
     .help = "private key that signs the host keys of the pods; its .pub "
             "stands beside it, or alone when the key is in ssh-agent"},
    {.key = "SSH_USER_CA_KEY_PATH", .type = FLEET_OPT_PATH,
     AT(user_ca_key_path),
     .help = "private key that signs the certificates of participants; in a "
             "file or in ssh-agent, as the one before"},
    {.key = "ROSTER", .type = FLEET_OPT_PATH, AT(roster),
     .help = "CSV file of participants: "
             "person,pods[,key[,until[,email[,id]]]]"},
    {.key = "ROSTER_KEYS", .type = FLEET_OPT_PATH, AT(roster_keys),
     .help = "directory of their keys and certificates; default: "
             "PREFIX.people in FLEET_STATE_DIR"},
    {.key = "GPU_TYPE", .type = FLEET_OPT_LIST, .flags = FLEET_OPT_BLANKS,
     NAMES("RUNPOD_GPU_TYPE"), AT(gpu_type),
     .help = "GPU, or several with commas between, in order of preference"},
    {.key = "NUM_GPUS", .type = FLEET_OPT_INT, NAMES("RUNPOD_NUM_GPUS"),
     AT(num_gpus), .fallback = "1", .min = 0, .max = 64,
     .help = "GPUs in each pod"},
    {.key = "IMAGE", .type = FLEET_OPT_STRING, NAMES("RUNPOD_DOCKER_IMAGE"),
     AT(image), .help = "container or machine image of the pods"},
    {.key = "DISK_GB", .type = FLEET_OPT_INT,
     NAMES("RUNPOD_DISK_SPACE_IN_GB"), AT(disk_gb), .min = 0, .max = 1000000,
     .help = "disk of a pod in GB, gone with the pod; "
             "default: what the provider gives"},
    {.key = "VOLUME_GB", .type = FLEET_OPT_INT,
     NAMES("RUNPOD_VOLUME_SPACE_IN_GB"), AT(volume_gb), .min = 0,
     .max = 1000000,
     .help = "volume of a pod in GB, kept while it is stopped"},
    {.key = "CLOUD_TYPE", .type = FLEET_OPT_LIST, .flags = FLEET_OPT_BLANKS,
     NAMES("RUNPOD_CLOUD_TYPE"), AT(cloud_type),
     .help = "kind of host in the provider's words, such as COMMUNITY or "
             "SECURE; several with commas between, in order of preference; "
             "ALL: any"},
    {.key = "REGIONS", .type = FLEET_OPT_LIST, .flags = FLEET_OPT_BLANKS,
     AT(regions),
     .help = "regions, with commas between, in order of preference; "
             "default: any"},
    {.key = "PLACEMENT", .type = FLEET_OPT_CHOICE, .choices = placements,
     .fallback = "listed", AT(placement),
     .help = "which offer is tried first: as PROVIDERS and GPU_TYPE are "
             "listed, or the cheapest of all"},
    {.key = "RUNPOD_TEMPLATE_ID", .type = FLEET_OPT_STRING, AT(template_id),
     .help = "template that pods are made from"},
    {.key = "MAX_PRICE", .type = FLEET_OPT_PRICE, AT(max_price),
     .help = "most that one pod may cost an hour; default: no limit"},
    {.key = "MAX_FLEET_PRICE", .type = FLEET_OPT_PRICE, AT(max_fleet_price),
     .help = "most that all pods together may cost an hour; "
             "default: no limit"},
    {.key = "MAX_PARALLEL", .type = FLEET_OPT_INT, AT(max_parallel),
     .min = 0, .max = 4096,
     .help = "pods worked on at once; default: all, up to 4096"},
    {.key = "SSH_PROXY_HOST", .type = FLEET_OPT_STRING, AT(proxy_host),
     .help = "host that forwards a port to each pod"},
    {.key = "SSH_PROXY_USER", .type = FLEET_OPT_STRING, AT(proxy_user),
     .fallback = "root", .help = "who logs in to the proxy"},
    {.key = "SSH_PROXY_PORT", .type = FLEET_OPT_INT, AT(proxy_port),
     .fallback = "22", .min = 1, .max = 65535,
     .help = "SSH port of the proxy itself"},
    {.key = "SSH_PROXY_KEY_PATH", .type = FLEET_OPT_PATH, AT(proxy_key_path),
     .help = "private key that opens the proxy; not the one of the pods"},
    {.key = "SSH_PROXY_NGINX_CONFIG_PATH", .type = FLEET_OPT_STRING,
     AT(proxy_nginx_path),
     .help = "nginx stream file on the proxy that fleet writes"},
    {.key = "SSH_PROXY_STARTING_PORT", .type = FLEET_OPT_INT,
     AT(proxy_starting_port), .fallback = "12000", .min = 1, .max = 65535,
     .help = "first port given to a pod"},
    {.key = "SSH_PROXY_RELOAD_CMD", .type = FLEET_OPT_STRING,
     AT(proxy_reload_cmd),
     .help = "command on the proxy that makes nginx read the file again; "
             "default: SSH_PROXY_NGINX_CMD with -s reload"},
    {.key = "SSH_PROXY_NGINX_CMD", .type = FLEET_OPT_STRING,
     AT(proxy_nginx_cmd), .fallback = "nginx",
     .help = "how nginx is called on the proxy, to test its configuration: "
             "sudo nginx"},
    {.key = "CONDA_ENV_NAME", .type = FLEET_OPT_STRING, AT(conda_env),
     .help = "conda environment that set-up and tests use"},
    {.key = "ARENA_REPO_OWNER", .type = FLEET_OPT_STRING, AT(repo_owner),
     .help = "GitHub owner of the course repository"},
    {.key = "ARENA_REPO_NAME", .type = FLEET_OPT_STRING, AT(repo_name),
     .help = "name of the course repository"},
    {.key = "DEFAULT_BRANCH", .type = FLEET_OPT_STRING, AT(default_branch),
     .fallback = "main", .help = "branch of the course repository"},
    {.key = "GIT_URL", .type = FLEET_OPT_STRING, AT(git_url),
     .help = "address of the course repository; "
             "default: git@github.com:OWNER/NAME.git"},
    {.key = "REPO_DIR", .type = FLEET_OPT_STRING, AT(repo_dir),
     .help = "where its checkout lies on the pods; default: ~/NAME"},
    {.key = "GIT_SSH_KEY_LOCAL", .type = FLEET_OPT_PATH, AT(git_key_local),
     .help = "private key here that set-up copies to the pods for git"},
    {.key = "GIT_SSH_KEY_REMOTE", .type = FLEET_OPT_STRING,
     AT(git_key_remote),
     .help = "where git's key lies on the pods, also one of their image; "
             "default: ~/.ssh, named as here"},
    {.key = "AUTHORIZED_KEYS", .type = FLEET_OPT_PATH, AT(authorized_keys),
     .help = "file of public keys that open the pods, too"},
    {.key = "SETUP_DIR", .type = FLEET_OPT_PATH, AT(setup_dir),
     .help = "directory of your own steps of set-up; "
             "default: setup.d beside the configuration file"},
    {.key = "COURSE_START", .type = FLEET_OPT_STRING, AT(course_start),
     .help = "first day of the course, YYYY-MM-DD: backups of that day are "
             "called w0d1; default: the week and the day of the year"},
    {.key = "BACKUP_PATHS", .type = FLEET_OPT_LIST, AT(backup_paths),
     .help = "files and directories on the pods that a backup copies here, "
             "beside the repository; default: none"},
    {.key = "BACKUP_EXCLUDE", .type = FLEET_OPT_LIST, AT(backup_exclude),
     .help = "names that it leaves out; default: .git .cache .local "
             "site-packages node_modules __pycache__"},
    {.key = "BACKUP_MAX_MB", .type = FLEET_OPT_INT, AT(backup_max_mb),
     .fallback = "50", .min = 1, .max = 1000000,
     .help = "a file above this is left out of a backup, in MiB"},
    {.key = "BACKUP_DIR", .type = FLEET_OPT_PATH, AT(backup_dir),
     .help = "where file backups are kept here; "
             "default: backups in FLEET_STATE_DIR"},
    {.key = "BACKUP_KEEP", .type = FLEET_OPT_INT, AT(backup_keep),
     .fallback = "14", .min = 1, .max = 10000,
     .help = "how many file backups of each pod are kept"},
    {.key = "FLEET_STATE_DIR", .type = FLEET_OPT_PATH, AT(state_dir),
     .help = "directory of state and journal; "
             "default: fleet below $XDG_STATE_HOME or ~/.local/state"},
    {.key = "FLEET_PLUGIN_PATH", .type = FLEET_OPT_STRING, AT(plugin_path),
     .help = "directories with more plugins, colons between"},
    {.key = "FLEET_CONFIG", .type = FLEET_OPT_PATH, AT(config_path),
     .help = "configuration file, in place of ./config.env; "
             "counts in the environment only"},
    {0},
};
/* clang-format on */

const struct fl_options fl_settings_table = {fl_settings_options,
                                             sizeof(struct fleet_option)};

int fl_settings_read(struct fl_config *config, struct fl_settings *settings,
                     struct fleet_error *err)
{
    return fl_config_fill(config, &fl_settings_table, settings, true, err);
}

void fl_settings_clear(struct fl_settings *settings)
{
    fl_options_clear(&fl_settings_table, settings);
    if (settings)
        *settings = (struct fl_settings){0};
}

char *fl_settings_state_dir(const struct fl_settings *settings)
{
    const char *xdg = getenv("XDG_STATE_HOME");
    const char *home = fl_home();

    if (settings->state_dir)
        return strdup(settings->state_dir);
    if (xdg && xdg[0] == '/')
        return fl_format("%s/fleet", xdg);
    return home ? fl_format("%s/.local/state/fleet", home) : strdup(".fleet");
}

static int check_private_key(const char *path, struct fleet_error *err)
{
    struct stat st;

    if (stat(path, &st) < 0)
        return fleet_fail(err, FLEET_ECONFIG,
                          errno == ENOENT
                              ? "%s: there is no such key; `fleet init` makes "
                                "one, or set SHARED_SSH_KEY_PATH"
                              : "%s: cannot look at the key: %m",
                          path);
    if (!S_ISREG(st.st_mode))
        return fleet_fail(err, FLEET_ECONFIG,
                          "%s: no key file; set SHARED_SSH_KEY_PATH to the "
                          "private key",
                          path);
    if (st.st_mode & 077)
        return fleet_fail(err, FLEET_ECONFIG,
                          "%s: others may read the private key: chmod 600 %s",
                          path, path);
    return FLEET_OK;
}

static bool has_control(const char *text)
{
    for (; *text; text++) {
        if ((unsigned char)*text < ' ' || *text == 0x7f)
            return true;
    }
    return false;
}

/* The first and only line of the file, in place. */
static int public_line(const char *path, struct fl_buf *text,
                       struct fleet_error *err)
{
    while (text->len > 0 && strchr("\r\n \t", text->data[text->len - 1]))
        text->data[--text->len] = '\0';
    if (text->len == 0 || strlen(text->data) != text->len ||
        has_control(text->data) || !fl_utf8_valid(text->data, text->len) ||
        !fl_pubkey_valid(text->data))
        return fleet_fail(err, FLEET_ECONFIG,
                          "%s: not one line with a public key; make it anew "
                          "with ssh-keygen -y",
                          path);
    return FLEET_OK;
}

static int no_public_key(const char *private_path, const char *path,
                         struct fleet_error *err)
{
    FL_AUTO(fl_buf_clear) struct fl_buf from = {0}, to = {0};
    int rc;

    fl_buf_init(&from, 4096);
    fl_buf_init(&to, 4096);
    fl_shell_quote(&from, private_path);
    fl_shell_quote(&to, path);
    rc = fl_buf_check(&from, path, err);
    if (rc == 0)
        rc = fl_buf_check(&to, path, err);
    if (rc < 0)
        return rc;
    return fleet_fail(err, FLEET_ECONFIG,
                      "%s: there is no public key; make it with: "
                      "ssh-keygen -y -f %s > %s",
                      path, fl_buf_text(&from), fl_buf_text(&to));
}

int fl_settings_public_key(const struct fl_settings *settings, char **line,
                           struct fleet_error *err)
{
    FL_AUTO(fl_buf_clear) struct fl_buf text = {0};
    FL_AUTO_FREE char *path = NULL;
    struct fleet_error why = {0};
    int rc;

    if (!settings->key_path)
        return fleet_fail(err, FLEET_ECONFIG,
                          "SHARED_SSH_KEY_PATH: not set; `fleet init` makes a "
                          "key pair and sets it");
    rc = check_private_key(settings->key_path, err);
    if (rc < 0)
        return rc;
    path = fl_format("%s.pub", settings->key_path);
    if (!path)
        return fl_enomem(err);
    fl_buf_init(&text, 16384);
    rc = fl_file_read(path, &text, &why);
    if (rc == FLEET_ENOTFOUND)
        return no_public_key(settings->key_path, path, err);
    if (rc < 0)
        return fleet_fail(err, rc, "%s", why.text);
    rc = public_line(path, &text, err);
    if (rc < 0)
        return rc;
    *line = fl_buf_take(&text);
    return *line ? FLEET_OK : fl_enomem(err);
}
