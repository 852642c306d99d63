/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "providers/aws/xml.h"

#include <libxml/parser.h>
#include <libxml/tree.h>
#include <limits.h>
#include <pthread.h>
#include <string.h>

enum { DEPTH_MAX = 32, NODES_MAX = 2000000 };

struct reading {
    size_t nodes;
    bool failed;
};

static const char *name_of(const xmlNode *node)
{
    return (const char *)node->name;
}

static bool is_entry(const xmlNode *node)
{
    return strcmp(name_of(node), "item") == 0 ||
           strcmp(name_of(node), "member") == 0;
}

/* Every element in it is an entry of a list, and there is one. */
static bool is_list(const xmlNode *node)
{
    bool any = false;

    for (const xmlNode *at = node->children; at; at = at->next) {
        if (at->type != XML_ELEMENT_NODE)
            continue;
        if (!is_entry(at))
            return false;
        any = true;
    }
    return any;
}

static bool has_elements(const xmlNode *node)
{
    for (const xmlNode *at = node->children; at; at = at->next) {
        if (at->type == XML_ELEMENT_NODE)
            return true;
    }
    return false;
}

static json_t *text_of(const xmlNode *node, struct reading *reading)
{
    xmlChar *text = xmlNodeGetContent(node);
    json_t *value = NULL;

    if (text && *text) {
        value = json_string((const char *)text);
        reading->failed = reading->failed || !value;
    }
    xmlFree(text);
    return value;
}

static json_t *value_of(const xmlNode *node, int depth,
                        struct reading *reading);

/* The first of a name counts. */
static void put_child(json_t *into, const xmlNode *child, int depth,
                      struct reading *reading)
{
    json_t *value = value_of(child, depth + 1, reading);
    int rc = 0;

    if (!value)
        return;
    if (json_is_array(into))
        rc = json_array_append_new(into, value);
    else if (json_object_get(into, name_of(child)))
        json_decref(value);
    else
        rc = json_object_set_new(into, name_of(child), value);
    reading->failed = reading->failed || rc < 0;
}

/* NULL: nothing is in it, or it failed. */
static json_t *value_of(const xmlNode *node, int depth, struct reading *reading)
{
    json_t *value;

    if (reading->failed || depth > DEPTH_MAX || ++reading->nodes > NODES_MAX) {
        reading->failed = true;
        return NULL;
    }
    if (!has_elements(node))
        return text_of(node, reading);
    value = is_list(node) ? json_array() : json_object();
    reading->failed = !value;
    for (const xmlNode *at = node->children; value && at; at = at->next) {
        if (at->type == XML_ELEMENT_NODE)
            put_child(value, at, depth, reading);
    }
    return value;
}

static json_t *read_document(const xmlDoc *document)
{
    const xmlNode *root = xmlDocGetRootElement(document);
    struct reading reading = {0};
    json_t *value;

    if (!root || document->intSubset)
        return NULL;
    value = value_of(root, 0, &reading);
    if (!value && !reading.failed)
        value = json_object(); /* <DeleteKeyPairResponse/> */
    if (!reading.failed && json_is_object(value))
        return value;
    json_decref(value);
    return NULL;
}

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void start(void)
{
    xmlInitParser();
}

int xml_read(const char *text, size_t len, json_t **out,
             struct fleet_error *err)
{
    json_t *value = NULL;
    xmlDoc *document;

    pthread_once(&once, start);
    document = len > 0 && len < INT_MAX
                   ? xmlReadMemory(text, (int)len, NULL, NULL,
                                   XML_PARSE_NONET | XML_PARSE_NOERROR |
                                       XML_PARSE_NOWARNING | XML_PARSE_NOCDATA)
                   : NULL;
    if (document)
        value = read_document(document);
    xmlFreeDoc(document);
    if (!value)
        return fleet_fail(err, FLEET_EINTERNAL, "an answer that is no XML");
    *out = value;
    return FLEET_OK;
}

static const json_t *at_path(const json_t *object, const char *path)
{
    while (object && *path) {
        size_t len = strcspn(path, "/");
        char name[64];

        if (len >= sizeof(name))
            return NULL;
        memcpy(name, path, len);
        name[len] = '\0';
        object = json_object_get(object, name);
        path += len + (path[len] ? 1 : 0);
    }
    return object;
}

const char *xml_text(const json_t *object, const char *path)
{
    return json_string_value(at_path(object, path));
}

const json_t *xml_list(const json_t *object, const char *path)
{
    const json_t *list = at_path(object, path);

    return json_is_array(list) ? list : NULL;
}
