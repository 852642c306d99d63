/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_ENGINE_SAVESCRIPT_H
#define FL_ENGINE_SAVESCRIPT_H

/* What is done about somebody's work on a pod, as POSIX shell for fl_onpod_add.
 * The checkout, its index, its branches and what git shows of them are never
 * touched by saving: what is saved is built beside them.
 *
 * Variables: repo (its directory), key (the private key for its remote; may be
 * empty), name (the pod's), max_kb (a file above it is left out). */
extern const char fl_savescript_common[];
/* Says what there is:
 *   repo none | PATH     branch NAME    doing merge|rebase|...
 *   head COMMIT|none     tree TREE      print HASH (of all that could be lost)
 *   dirty 0|1            ahead N        left WHAT N FIRST-ONE
 *   fail TEXT            and nothing more */
extern const char fl_savescript_look[];
/* The same, then saves it to BRANCH (day, branch, old: the branch of earlier,
 * tried where there is nothing new): "saved clean|pushed|already COMMIT". */
extern const char fl_savescript_save[];
/* Puts what a commit has into the checkout (from: a branch there, or a pattern
 * of which the last is taken; overwrite: 1 or nothing): "from BRANCH COMMIT",
 * "placed N", "kept N FIRST-ONE", "same N". */
extern const char fl_savescript_restore[];

/* A file backup: paths (a line each), exclude (names, a line each), max_kb,
 * max_bytes, word. Says "begin", and then it is the archive; on standard error
 * "WORD sum HEX" and "WORD none" or "WORD fail TEXT". */
extern const char fl_savescript_pack[];
/* Unpacks the archive that lies in $stage, sum HEX, and puts its files in
 * place: placed, kept, same, as above. */
extern const char fl_savescript_unpack[];
/* Whether files were changed since the last time: "newer FILE". */
extern const char fl_savescript_newer[];

#endif
