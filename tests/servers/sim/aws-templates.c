/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "tests/servers/sim/aws.h"

#include <stdlib.h>
#include <string.h>

/* Launch templates and their versions. */

static const char *here(const struct sim_call *call)
{
    return aws_of(call->sim)->region;
}

json_t *aws_merge(const json_t *base, const json_t *more)
{
    json_t *made = base ? json_copy((json_t *)base) : json_object(), *value;
    const char *key;

    json_object_foreach((json_t *)more, key, value)
    {
        const json_t *below = json_object_get(base, key);

        if (json_is_object(below) && json_is_object(value))
            sim_put(made, key, aws_merge(below, value));
        else
            json_object_set(made, key, value);
    }
    return made;
}

static json_t *find_template(const struct sim *sim, const json_t *spec,
                             struct aws_trouble *trouble)
{
    const char *id = sim_text(spec, "LaunchTemplateId", NULL);
    const char *name = sim_text(spec, "LaunchTemplateName", NULL);
    const json_t *list = aws_of(sim)->templates;
    json_t *found = NULL;

    if (id && name) {
        aws_trouble(trouble, 400, "InvalidParameterCombination",
                    "Either a launch template id or a name, not both.");
        return NULL;
    }
    if (id)
        found = aws_find_in(sim, list, "launchTemplateId", id);
    else if (name)
        found = aws_find_in(sim, list, "launchTemplateName", name);
    if (!id && !name)
        aws_trouble(trouble, 400, "MissingParameter",
                    "The request must contain the parameter LaunchTemplateId");
    else if (!found && id)
        aws_trouble(trouble, 400, "InvalidLaunchTemplateId.NotFound",
                    "The specified launch template, with template ID %s, does "
                    "not exist.",
                    id);
    else if (!found)
        aws_trouble(trouble, 400, "InvalidLaunchTemplateName.NotFoundException",
                    "The specified launch template, with template name %s, "
                    "does not exist.",
                    name);
    return found;
}

static int64_t version_number(const json_t *template, const char *version)
{
    if (!version || strcmp(version, "$Default") == 0)
        return sim_number(template, "defaultVersionNumber", 1);
    if (strcmp(version, "$Latest") == 0)
        return sim_number(template, "latestVersionNumber", 1);
    return strtoll(version, NULL, 10);
}

/* NULL: there is none. Versions that were deleted leave null. */
static const json_t *find_version(const json_t *template, int64_t number)
{
    const json_t *entry =
        number > 0 ? json_array_get(json_object_get(template, "versions"),
                                    (size_t)number - 1)
                   : NULL;

    return json_is_object(entry) ? entry : NULL;
}

const json_t *aws_template(const struct sim *sim, const json_t *spec,
                           struct aws_trouble *trouble, int64_t *version,
                           const json_t **which)
{
    const json_t *template = find_template(sim, spec, trouble), *entry;
    int64_t number;

    if (!template)
        return NULL;
    number = version_number(template, sim_text(spec, "Version", NULL));
    entry = find_version(template, number);
    if (!entry) {
        aws_trouble(trouble, 400, "InvalidLaunchTemplateId.VersionNotFound",
                    "Could not find the specified version %s for the launch "
                    "template with ID %s.",
                    sim_text(spec, "Version", ""),
                    sim_text(template, "launchTemplateId", ""));
        return NULL;
    }
    if (version)
        *version = number;
    if (which)
        *which = template;
    return json_object_get(entry, "data");
}

static json_t *the_template(struct sim_call *call)
{
    struct aws_trouble trouble = {0};
    json_t *found = find_template(call->sim, call->body, &trouble);

    if (!found)
        aws_refuse(call, trouble.status, trouble.code, "%s", trouble.message);
    return found;
}

static json_t *stamp_now(void)
{
    char text[SIM_STAMP_SIZE];

    sim_stamp(text, sim_clock_ms(), false);
    return json_string(text);
}

static json_t *version_entry(struct sim_call *call, json_t *data_taken)
{
    const char *said = aws_param(call, "VersionDescription");

    return json_pack("{s:s, s:o, s:o}", "description", said ? said : "",
                     "created", stamp_now(), "data", data_taken);
}

/* The same token again has the same result. */
static bool seen_before(struct sim_call *call)
{
    bool refused = false;
    const json_t *seen = aws_token_seen(call, &refused);

    if (seen)
        aws_answer(call, json_deep_copy(seen));
    return refused || seen;
}

static void create_template(struct sim_call *call)
{
    struct aws *aws = aws_of(call->sim);
    const char *name = aws_param(call, "LaunchTemplateName");
    json_t *data = json_object_get(call->body, "LaunchTemplateData"), *made;
    char *id;

    if (seen_before(call))
        return;
    if (aws_find_in(call->sim, aws->templates, "launchTemplateName", name)) {
        aws_refuse(call, 400,
                   "InvalidLaunchTemplateName.AlreadyExistsException",
                   "Launch template name already in use.");
        return;
    }
    id = aws_new_id("lt-");
    made =
        json_pack("{s:s, s:s, s:s, s:o, s:s, s:i, s:i, s:[o], s:o}", "region",
                  here(call), "launchTemplateId", id, "launchTemplateName",
                  name, "createTime", stamp_now(), "createdBy", aws->arn,
                  "defaultVersionNumber", 1, "latestVersionNumber", 1,
                  "versions", version_entry(call, json_deep_copy(data)), "tags",
                  aws_tags_for(call->body, "launch-template"));
    json_array_append_new(aws->templates, made);
    made = json_pack("{s:o}", "launchTemplate", aws_told(made));
    aws_answer(call, json_deep_copy(made));
    aws_token_keep(call, made);
    free(id);
}

static json_t *version_json(const json_t *template, int64_t number)
{
    const json_t *entry = find_version(template, number);

    return json_pack("{s:O, s:O, s:I, s:O, s:O, s:b, s:O}", "launchTemplateId",
                     json_object_get(template, "launchTemplateId"),
                     "launchTemplateName",
                     json_object_get(template, "launchTemplateName"),
                     "versionNumber", (json_int_t)number, "versionDescription",
                     json_object_get(entry, "description"), "createTime",
                     json_object_get(entry, "created"), "defaultVersion",
                     sim_number(template, "defaultVersionNumber", 1) == number,
                     "launchTemplateData", json_object_get(entry, "told"));
}

/* --- a template's data is told in other names ---------------------------- */

/* "ImageId" is told as imageId, the list "SecurityGroupId" as
 * securityGroupIdSet. */
static json_t *data_told(const json_t *data)
{
    json_t *made, *value;
    const char *key;
    size_t i;

    if (json_is_array(data)) {
        made = json_array();
        json_array_foreach(data, i, value)
        {
            json_array_append_new(made, data_told(value));
        }
        return made;
    }
    if (!json_is_object(data))
        return json_incref((json_t *)data);
    made = json_object();
    json_object_foreach((json_t *)data, key, value)
    {
        char *name = sim_format("%s%s", key, json_is_array(value) ? "Set" : "");

        if (*name >= 'A' && *name <= 'Z')
            *name = (char)(*name - 'A' + 'a');
        sim_put(made, name, data_told(value));
        free(name);
    }
    return made;
}

static json_t *version_told(const json_t *template, int64_t number)
{
    json_t *entry = (json_t *)find_version(template, number);

    sim_put(entry, "told", data_told(json_object_get(entry, "data")));
    return version_json(template, number);
}

static void create_version(struct sim_call *call)
{
    json_t *template, *made, *data;
    const json_t *source;
    const char *from = aws_param(call, "SourceVersion");
    int64_t number;

    if (seen_before(call))
        return;
    template = the_template(call);
    if (!template)
        return;
    source =
        from ? find_version(template, version_number(template, from)) : NULL;
    if (from && !source) {
        aws_refuse(call, 400, "InvalidLaunchTemplateId.VersionNotFound",
                   "Could not find the specified version %s", from);
        return;
    }
    data = json_object_get(call->body, "LaunchTemplateData");
    data = source ? aws_merge(json_object_get(source, "data"), data)
                  : json_deep_copy(data);
    json_array_append_new(json_object_get(template, "versions"),
                          version_entry(call, data));
    number = sim_number(template, "latestVersionNumber", 0) + 1;
    sim_put(template, "latestVersionNumber", json_integer(number));
    made = json_pack("{s:o}", "launchTemplateVersion",
                     version_told(template, number));
    aws_answer(call, json_deep_copy(made));
    aws_token_keep(call, made);
}

static void modify_template(struct sim_call *call)
{
    json_t *template = the_template(call);
    int64_t number = aws_size(call->body, "SetDefaultVersion", 0);

    if (!template)
        return;
    if (!find_version(template, number)) {
        aws_refuse(call, 400, "InvalidLaunchTemplateId.VersionNotFound",
                   "Could not find the specified version %lld",
                   (long long)number);
        return;
    }
    sim_put(template, "defaultVersionNumber", json_integer(number));
    aws_answer(call, json_pack("{s:o}", "launchTemplate", aws_told(template)));
}

static const struct aws_filter template_filters[] = {
    {"launch-template-name", "launchTemplateName"},
    {"create-time", "createTime"},
    {0}};

/* false and a reply: one that is named is not there. */
static bool templates_fit(struct sim_call *call, const char *list,
                          const char *key)
{
    const json_t *each;
    size_t i;

    json_array_foreach(json_object_get(call->body, list), i, each)
    {
        json_t *spec = json_pack("{s:O}", key, each);
        struct aws_trouble trouble = {0};

        find_template(call->sim, spec, &trouble);
        json_decref(spec);
        if (trouble.status) {
            aws_refuse(call, trouble.status, trouble.code, "%s",
                       trouble.message);
            return false;
        }
    }
    return true;
}

static void describe_templates(struct sim_call *call)
{
    const json_t *ids = json_object_get(call->body, "LaunchTemplateId");
    const json_t *names = json_object_get(call->body, "LaunchTemplateName");
    json_t *list, *each;
    size_t i;

    if (!templates_fit(call, "LaunchTemplateId", "LaunchTemplateId") ||
        !templates_fit(call, "LaunchTemplateName", "LaunchTemplateName"))
        return;
    list = json_array();
    json_array_foreach(aws_of(call->sim)->templates, i, each)
    {
        if (strcmp(sim_text(each, "region", ""), here(call)) == 0 &&
            aws_listed(ids, sim_text(each, "launchTemplateId", "")) &&
            aws_listed(names, sim_text(each, "launchTemplateName", "")))
            json_array_append_new(list, aws_told(each));
    }
    aws_answer_list(call, "launchTemplates", list, template_filters);
}

static bool version_wanted(const json_t *template, const json_t *wanted,
                           int64_t number)
{
    const json_t *each;
    size_t i;

    json_array_foreach(wanted, i, each)
    {
        if (version_number(template, json_string_value(each)) == number)
            return true;
    }
    return json_array_size(wanted) == 0;
}

/* Newest first. */
static void describe_versions(struct sim_call *call)
{
    const json_t *template = the_template(call);
    const json_t *wanted = json_object_get(call->body, "LaunchTemplateVersion");
    json_t *list;

    if (!template)
        return;
    list = json_array();
    for (int64_t n = sim_number(template, "latestVersionNumber", 0); n > 0; n--)
        if (find_version(template, n) && version_wanted(template, wanted, n))
            json_array_append_new(list, version_told(template, n));
    aws_answer_list(call, "launchTemplateVersionSet", list, template_filters);
}

static void delete_template(struct sim_call *call)
{
    json_t *template = the_template(call);

    if (!template)
        return;
    aws_answer(call, json_pack("{s:o}", "launchTemplate", aws_told(template)));
    aws_remove(aws_of(call->sim)->templates, template);
}

static void delete_versions(struct sim_call *call)
{
    json_t *template = the_template(call), *good, *bad;
    const json_t *each;
    size_t i;

    if (!template)
        return;
    good = json_array();
    bad = json_array();
    json_array_foreach(json_object_get(call->body, "LaunchTemplateVersion"), i,
                       each)
    {
        int64_t n = version_number(template, json_string_value(each));
        bool is_default = sim_number(template, "defaultVersionNumber", 1) == n;
        json_t *told_one =
            json_pack("{s:O, s:I}", "launchTemplateId",
                      json_object_get(template, "launchTemplateId"),
                      "versionNumber", (json_int_t)n);

        if (find_version(template, n) && !is_default) {
            json_array_set_new(json_object_get(template, "versions"),
                               (size_t)n - 1, json_null());
            json_array_append_new(good, told_one);
            continue;
        }
        sim_put(told_one, "responseError",
                json_pack("{s:s, s:s}", "code",
                          is_default ? "unexpectedError"
                                     : "launchTemplateVersionDoesNotExist",
                          "message", "it cannot be deleted"));
        json_array_append_new(bad, told_one);
    }
    aws_answer(call,
               json_pack("{s:o, s:o}",
                         "successfullyDeletedLaunchTemplateVersionSet", good,
                         "unsuccessfullyDeletedLaunchTemplateVersionSet", bad));
}

/* --- the calls ----------------------------------------------------------- */

#define TOKEN                                                                  \
    {                                                                          \
        .key = "ClientToken", .type = SIM_STRING, .min = 1, .max = 64          \
    }
#define DATA                                                                   \
    {                                                                          \
        .key = "LaunchTemplateData", .type = SIM_OBJECT,                       \
        .flags = SIM_REQUIRED, .sub = aws_template_fields                      \
    }
static const struct sim_field template_fields[] = {
    {.key = "LaunchTemplateName",
     .type = SIM_STRING,
     .flags = SIM_REQUIRED,
     .min = 3,
     .max = 128,
     .pattern = "^[a-zA-Z0-9()./_-]+$"},
    {.key = "VersionDescription", .type = SIM_STRING, .max = 255},
    TOKEN,
    DATA,
    AWS_EACH("TagSpecification", aws_tags_item),
    {0}};
static const struct sim_field version_fields[] = {
    AWS_TEXT("LaunchTemplateId"),
    AWS_TEXT("LaunchTemplateName"),
    AWS_TEXT("SourceVersion"),
    {.key = "VersionDescription", .type = SIM_STRING, .max = 255},
    TOKEN,
    DATA,
    {0}};
static const struct sim_field modify_fields[] = {AWS_TEXT("LaunchTemplateId"),
                                                 AWS_TEXT("LaunchTemplateName"),
                                                 AWS_NEED("SetDefaultVersion"),
                                                 TOKEN,
                                                 {0}};
static const struct sim_field templates_fields[] = {
    AWS_LIST("LaunchTemplateId"),
    AWS_LIST("LaunchTemplateName"),
    AWS_FILTERS,
    AWS_PAGES,
    {0}};
static const struct sim_field versions_fields[] = {
    AWS_TEXT("LaunchTemplateId"),
    AWS_TEXT("LaunchTemplateName"),
    AWS_LIST("LaunchTemplateVersion"),
    AWS_BOOL("ResolveAlias"),
    AWS_FILTERS,
    AWS_PAGES,
    {0}};
static const struct sim_field which_fields[] = {
    AWS_TEXT("LaunchTemplateId"), AWS_TEXT("LaunchTemplateName"), {0}};
static const struct sim_field drop_fields[] = {AWS_TEXT("LaunchTemplateId"),
                                               AWS_TEXT("LaunchTemplateName"),
                                               {.key = "LaunchTemplateVersion",
                                                .type = SIM_ARRAY,
                                                .flags = SIM_REQUIRED,
                                                .sub = &aws_text_item},
                                               {0}};
const struct aws_action aws_template_actions[] = {
    {"CreateLaunchTemplate", template_fields, create_template},
    {"CreateLaunchTemplateVersion", version_fields, create_version},
    {"ModifyLaunchTemplate", modify_fields, modify_template},
    {"DescribeLaunchTemplates", templates_fields, describe_templates},
    {"DescribeLaunchTemplateVersions", versions_fields, describe_versions},
    {"DeleteLaunchTemplate", which_fields, delete_template},
    {"DeleteLaunchTemplateVersions", drop_fields, delete_versions},
    {NULL, NULL, NULL},
};
