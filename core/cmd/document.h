/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#ifndef FL_CMD_DOCUMENT_H
#define FL_CMD_DOCUMENT_H

#include <fleet/record.h>

#include <jansson.h>
#include <stdbool.h>

/* JSON as in interface.md section 4. New values belong to the caller; NULL when
 * out of memory, which fl_json_put takes note of. */

/* The pod; fields that are unset are null. */
json_t *fl_json_pod(const struct fleet_pod *pod, const char *short_name,
                    const char *provider);
json_t *fl_json_money(int64_t micros);  /* number; null below 0 */
json_t *fl_json_text(const char *text); /* null for NULL; bad UTF-8 escaped */
json_t *fl_json_error(const struct fleet_error *err, const char *pod,
                      const char *provider);

/* Puts VALUE (stolen) into OBJECT; out of memory shows at print. */
void fl_json_put(json_t *object, const char *key, json_t *value);
/* The same for arrays. */
void fl_json_add(json_t *array, json_t *value);
/* Whether memory ran out for any value that was put or added. */
bool fl_json_failed(void);

#endif
