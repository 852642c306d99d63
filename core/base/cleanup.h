/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_BASE_CLEANUP_H
#define FL_BASE_CLEANUP_H

/* Temporaries clean up after themselves: FL_AUTO(fclose) FILE *file = ...;
 * fl_take(x) hands x over and clears the local. Each function F used with
 * FL_AUTO needs FL_CLEANUP(F, TYPE) beside its declaration. */
#define FL_CLEANUP(function_, type_)                                           \
    static inline void fl_auto_##function_(type_ *at)                          \
    {                                                                          \
        if (*at)                                                               \
            function_(*at);                                                    \
    }                                                                          \
    struct fl_cleanup_##function_ /* swallows the semicolon */
#define FL_CLEANUP_IN_PLACE(function_, type_)                                  \
    static inline void fl_auto_##function_(type_ *at)                          \
    {                                                                          \
        function_(at);                                                         \
    }                                                                          \
    struct fl_cleanup_##function_
#define FL_AUTO(function_) __attribute__((cleanup(fl_auto_##function_)))
#define fl_take(local_)                                                        \
    __extension__({                                                            \
        __typeof__(local_) taken_ = (local_);                                  \
        (local_) = NULL;                                                       \
        taken_;                                                                \
    })

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

FL_CLEANUP(fclose, FILE *);
FL_CLEANUP(closedir, DIR *);

static inline void fl_auto_close(int *at)
{
    if (*at >= 0)
        close(*at);
}

/* For any pointer type: FL_AUTO_FREE char *text = NULL; */
static inline void fl_auto_free_any(void *at)
{
    free(*(void **)at);
}
#define FL_AUTO_FREE __attribute__((cleanup(fl_auto_free_any)))

#endif
