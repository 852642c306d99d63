/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "tests/fuzz/fuzz.h"

#include <dirent.h>
#include <errno.h>
#include <sys/stat.h>

/* Runs a fuzz target as a plain program: on the files and directories that are
 * named, or on tests/fuzz/corpus/NAME when the program is called fuzz-NAME. Of
 * each file also every beginning, since parsers break where input breaks
 * off. libFuzzer brings a main of its own. */
#ifndef FLEET_LIBFUZZER

#define MOST_BYTES  (8 << 20)
#define MOST_STARTS 1024

static int run_bytes(const uint8_t *data, size_t size)
{
    for (size_t n = 0; n < size && n < MOST_STARTS; n++) {
        /* a block of its own, so that a byte read too many is noticed */
        uint8_t *start = malloc(n ? n : 1);

        if (!start)
            return -1;
        memcpy(start, data, n);
        LLVMFuzzerTestOneInput(start, n);
        free(start);
    }
    LLVMFuzzerTestOneInput(data, size);
    return 0;
}

static int run_file(const char *path, size_t size)
{
    FILE *file = fopen(path, "re");
    uint8_t *data = malloc(size ? size : 1);
    int rc = -1;

    if (file && data && fread(data, 1, size, file) == size)
        rc = run_bytes(data, size);
    if (rc < 0)
        fprintf(stderr, "%s: cannot be read: %s\n", path, strerror(errno));
    free(data);
    if (file)
        fclose(file);
    return rc < 0 ? -1 : 1;
}

/* The number of files, or -1. */
static int run_path(const char *path);

static int run_directory(const char *path)
{
    DIR *dir = opendir(path);
    struct dirent *entry;
    int total = 0;

    while (dir && total >= 0 && (entry = readdir(dir))) {
        char below[4096];
        int n;

        if (entry->d_name[0] == '.')
            continue;
        snprintf(below, sizeof(below), "%s/%s", path, entry->d_name);
        n = run_path(below);
        total = n < 0 ? -1 : total + n;
    }
    if (dir)
        closedir(dir);
    return dir ? total : -1;
}

static int run_path(const char *path)
{
    struct stat st;

    if (stat(path, &st) < 0) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        return -1;
    }
    if (S_ISDIR(st.st_mode))
        return run_directory(path);
    if (st.st_size > MOST_BYTES) {
        fprintf(stderr, "%s: larger than %d bytes\n", path, MOST_BYTES);
        return -1;
    }
    return run_file(path, (size_t)st.st_size);
}

static int run_corpus(void)
{
    const char *srcdir = getenv("srcdir");
    const char *name = strstr(program_invocation_short_name, "fuzz-");
    char path[4096];

    snprintf(path, sizeof(path), "%s/tests/fuzz/corpus/%s",
             srcdir ? srcdir : ".", name ? name + strlen("fuzz-") : "");
    return run_path(path);
}

int main(int argc, char **argv)
{
    int total = argc > 1 ? 0 : run_corpus();

    for (int i = 1; i < argc && total >= 0; i++) {
        int n = run_path(argv[i]);

        total = n < 0 ? -1 : total + n;
    }
    if (total == 0)
        fprintf(stderr, "no input at all\n");
    return total > 0 ? 0 : 1;
}

#endif
