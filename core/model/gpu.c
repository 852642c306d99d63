/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/model/gpu.h"

#include "core/base/text.h"

#include <ctype.h>
#include <fleet/record.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORDS_MAX 16
#define WORD_SIZE 24
#define KEY_SIZE  (WORDS_MAX * WORD_SIZE)

/* A name taken apart: what makes it another card, and what narrows it down. */
struct gpu {
    char words[WORDS_MAX][WORD_SIZE]; /* sorted in the end */
    size_t n;
    char form[WORD_SIZE];    /* "sxm", "pcie", "nvl", "oam"; "": not told */
    char edition[WORD_SIZE]; /* "server", "workstation" */
    int memory_gb;           /* 0: not told */
};

/* They name the maker or the family, and leave no doubt when they are gone. */
static const char *const noise[] = {
    "nvidia", "geforce",   "amd",        "radeon", "instinct", "tesla",
    "quadro", "rtx",       "gtx",        "rx",     "q",        "generation",
    "gpu",    "edition",   "graphics",   "with",   "design",   "corporation",
    "ac",     "blackwell", "accelerator"};
/* Words that are written together with what follows: "RTX4090". */
static const char *const heads[] = {"geforce", "nvidia", "rtx",
                                    "gtx",     "rx",     "instinct",
                                    "tesla",   "quadro", "radeon"};
/* And with the number before: "4070S", "4000Ada", "4080Super". */
static const char *const tails[] = {"ti",  "s", "super", "ada",
                                    "xtx", "d", "xt",    "gre"};
static const struct {
    const char *word, *means;
} synonyms[] = {
    {"mobile", "laptop"},
    {"pci", "pcie"},
    {"ws", "workstation"},
    {"se", "server"},
};
/* Sold with more memory and with less: a name that does not say may be either.
 */
static const char *const in_sizes[] = {"a100", "v100", "p100", "a2000",
                                       "3050", "3060", "3080", "ti 4060"};
/* The plain name is the SXM part. */
static const char *const sxm_only[] = {"h200", "b200", "b300", "gh200"};

#define COUNT(list_) (sizeof(list_) / sizeof((list_)[0]))

static bool is_one_of(const char *word, const char *const *list, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (strcmp(word, list[i]) == 0)
            return true;
    }
    return false;
}

static bool has_word(const struct gpu *gpu, const char *word)
{
    for (size_t i = 0; i < gpu->n; i++) {
        if (strcmp(gpu->words[i], word) == 0)
            return true;
    }
    return false;
}

static void add_word(struct gpu *gpu, const char *word)
{
    if (gpu->n < WORDS_MAX && !has_word(gpu, word))
        snprintf(gpu->words[gpu->n++], WORD_SIZE, "%s", word);
}

/* Of at most four digits. */
static int number_of(const char *digits, size_t n)
{
    int number = 0;

    for (size_t i = 0; i < n; i++)
        number = 10 * number + (digits[i] - '0');
    return number;
}

/* "80gb" is 80; 0 for anything else. "1g" is a share of a card. */
static int memory_of(const char *word)
{
    size_t digits = strspn(word, "0123456789");
    const char *unit = word + digits;

    if (digits == 0 || digits > 4 ||
        (strcmp(unit, "gb") != 0 && strcmp(unit, "gib") != 0 &&
         (strcmp(unit, "g") != 0 || digits < 2)))
        return 0;
    return number_of(word, digits);
}

static bool is_form(const char *word)
{
    return strncmp(word, "sxm", 3) == 0 || strcmp(word, "pcie") == 0 ||
           strcmp(word, "nvl") == 0 || strcmp(word, "oam") == 0;
}

static void take_form(struct gpu *gpu, const char *word)
{
    /* "SXM2" to "SXM6" say no more than the model does. */
    snprintf(gpu->form, WORD_SIZE, "%s",
             strncmp(word, "sxm", 3) == 0 ? "sxm" : word);
}

/* A share of a card: whatever follows "MIG" tells which. */
static bool is_slice(const char *word)
{
    return strcmp(word, "mig") == 0 ||
           (word[0] >= '1' && word[0] <= '7' && strcmp(word + 1, "g") == 0);
}

static const char *meaning(const char *word)
{
    for (size_t i = 0; i < COUNT(synonyms); i++) {
        if (strcmp(word, synonyms[i].word) == 0)
            return synonyms[i].means;
    }
    return word;
}

static void take_word(struct gpu *gpu, const char *written)
{
    const char *word = meaning(written);

    if (has_word(gpu, "mig") || is_slice(word)) {
        add_word(gpu, "mig");
        if (strcmp(word, "mig") != 0)
            add_word(gpu, word);
    } else if (memory_of(word)) {
        gpu->memory_gb = memory_of(word);
    } else if (is_form(word)) {
        take_form(gpu, word);
    } else if (strcmp(word, "server") == 0 ||
               strcmp(word, "workstation") == 0) {
        snprintf(gpu->edition, WORD_SIZE, "%s", word);
    } else if (strncmp(word, "hbm", 3) == 0) {
        if (strcmp(word, "hbm3") == 0 && has_word(gpu, "h100") && !gpu->form[0])
            take_form(gpu, "sxm");
    } else if (strcmp(word, "s") == 0) {
        if (has_word(gpu, "pro"))
            snprintf(gpu->edition, WORD_SIZE, "server");
        else
            add_word(gpu, "super");
    } else if (!is_one_of(word, noise, COUNT(noise)) ||
               (strcmp(word, "rtx") == 0 && has_word(gpu, "titan"))) {
        add_word(gpu, word);
    }
}

/* "4070ti": the number, and what is behind it. */
static void split_number(struct gpu *gpu, const char *word)
{
    size_t digits = strspn(word, "0123456789");
    char number[WORD_SIZE];

    if (digits < 3 || !word[digits]) {
        take_word(gpu, word);
        return;
    }
    for (size_t i = 0; i < COUNT(tails); i++) {
        size_t len = strlen(tails[i]);

        if (strncmp(word + digits, tails[i], len) != 0)
            continue;
        if (word[digits + len] &&
            !is_one_of(word + digits + len, tails, COUNT(tails)))
            continue;
        snprintf(number, sizeof(number), "%.*s", (int)digits, word);
        take_word(gpu, number);
        take_word(gpu, tails[i]);
        if (word[digits + len])
            take_word(gpu, word + digits + len);
        return;
    }
    take_word(gpu, word);
}

/* "rtxa4000" */
static void split_head(struct gpu *gpu, const char *word)
{
    for (size_t i = 0; i < COUNT(heads); i++) {
        size_t len = strlen(heads[i]);

        if (strncmp(word, heads[i], len) == 0 && word[len]) {
            split_head(gpu, word + len);
            return;
        }
    }
    split_number(gpu, word);
}

/* The next word in lower case, cut where it is too long; false at the end. */
static bool next_word(const char **at, char word[WORD_SIZE])
{
    size_t len = 0;

    while (**at && !isalnum((unsigned char)**at))
        ++*at;
    for (; isalnum((unsigned char)**at); ++*at) {
        if (len < WORD_SIZE - 1)
            word[len++] = (char)tolower((unsigned char)**at);
    }
    word[len] = '\0';
    return len > 0;
}

static bool follows(const char *at, const char *expected, const char **behind)
{
    char word[WORD_SIZE];

    if (!next_word(&at, word) || strcmp(word, expected) != 0)
        return false;
    *behind = at;
    return true;
}

static int by_text(const void *one, const void *two)
{
    return strcmp(one, two);
}

static void parse(const char *name, struct gpu *gpu)
{
    char word[WORD_SIZE];

    *gpu = (struct gpu){0};
    while (next_word(&name, word)) {
        bool number = !word[strspn(word, "0123456789")];

        if (strcmp(word, "max") == 0 && follows(name, "q", &name))
            add_word(gpu, "maxq");
        else if (number && !has_word(gpu, "mig") && strlen(word) <= 4 &&
                 follows(name, "gb", &name))
            gpu->memory_gb = number_of(word, strlen(word));
        else
            split_head(gpu, word);
    }
    qsort(gpu->words, gpu->n, sizeof(gpu->words[0]), by_text);
}

/* What has to be equal, whatever order it was written in. */
static void key_of(const struct gpu *gpu, char key[KEY_SIZE])
{
    size_t len = 0;

    key[0] = '\0';
    for (size_t i = 0; i < gpu->n; i++)
        len += (size_t)snprintf(key + len, KEY_SIZE - len, "%s%s", i ? " " : "",
                                gpu->words[i]);
}

static bool form_fits(const struct gpu *wanted, const struct gpu *offered,
                      const char *key)
{
    if (!wanted->form[0] || strcmp(wanted->form, offered->form) == 0)
        return true;
    return !offered->form[0] && strcmp(wanted->form, "sxm") == 0 &&
           is_one_of(key, sxm_only, COUNT(sxm_only));
}

static bool memory_fits(const struct gpu *wanted, const struct gpu *offered,
                        const char *key)
{
    if (!wanted->memory_gb || wanted->memory_gb == offered->memory_gb)
        return true;
    return !offered->memory_gb && !is_one_of(key, in_sizes, COUNT(in_sizes));
}

static bool edition_fits(const struct gpu *wanted, const struct gpu *offered)
{
    return !wanted->edition[0] ||
           strcmp(wanted->edition, offered->edition) == 0;
}

bool fl_gpu_fits(const char *wanted, const char *offered)
{
    char wanted_key[KEY_SIZE], key[KEY_SIZE];
    struct gpu want, have;

    parse(wanted, &want);
    parse(offered, &have);
    key_of(&want, wanted_key);
    key_of(&have, key);
    if (want.n == 0) /* nothing but noise: as it stands, or not at all */
        return have.n == 0 && strcasecmp(wanted, offered) == 0;
    return strcmp(wanted_key, key) == 0 && form_fits(&want, &have, key) &&
           memory_fits(&want, &have, key) && edition_fits(&want, &have);
}

int fleet_gpu_fits(const char *wanted, const char *offered)
{
    return fl_gpu_fits(wanted, offered);
}

/* How many words with a digit in them both have: "3090" and "3090 Ti". */
static int in_common(const struct gpu *one, const struct gpu *two)
{
    int n = 0;

    for (size_t i = 0; i < one->n; i++) {
        if (strpbrk(one->words[i], "0123456789") &&
            has_word(two, one->words[i]))
            n++;
    }
    return n;
}

static const char *relative_of(const struct gpu *want, const char *const *list)
{
    const char *nearest = NULL;
    int most = 0;

    for (size_t i = 0; list[i]; i++) {
        struct gpu have;
        int common;

        parse(list[i], &have);
        common = 2 * in_common(want, &have) - has_word(&have, "mig");
        if (common > most) {
            most = common;
            nearest = list[i];
        }
    }
    return nearest;
}

const char *fl_gpu_closest(const char *wanted, const char *const *list)
{
    size_t n = 0;
    struct gpu want, have;
    char key[KEY_SIZE];
    const char *near = NULL;
    char(*keys)[KEY_SIZE];
    const char **pointers;

    while (list[n])
        n++;
    parse(wanted, &want);
    key_of(&want, key);
    near = relative_of(&want, list);
    if (near || n == 0)
        return near;
    keys = calloc(n, sizeof(*keys));
    pointers = calloc(n + 1, sizeof(*pointers));
    for (size_t i = 0; keys && pointers && i < n; i++) {
        parse(list[i], &have);
        key_of(&have, keys[i]);
        pointers[i] = keys[i];
    }
    if (keys && pointers)
        near = fl_closest(key, pointers);
    for (size_t i = 0; near && i < n; i++) {
        if (near == keys[i]) {
            near = list[i];
            break;
        }
    }
    free(keys);
    free(pointers);
    return near;
}
