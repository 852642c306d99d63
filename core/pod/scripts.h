/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_POD_SCRIPTS_H
#define FL_POD_SCRIPTS_H

/* What runs on the pods, as text: each is a file beside this one. */
extern const char fl_pod_lib[]; /* in front of each of the others */
extern const char fl_pod_name[], fl_pod_keys[];
extern const char fl_pod_git_key[], fl_pod_git_host[];
extern const char fl_pod_repo[], fl_pod_fetch[], fl_pod_branch[];
extern const char fl_pod_submodules[];
extern const char fl_pod_user[];
extern const char fl_pod_env[]; /* stands alone */

#endif
