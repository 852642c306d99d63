/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */

/* Whatever AWS may answer, XML or JSON, and whatever its shared files may hold,
 * read as everything that it can be. */
#include "core/model/record.h"
#include "core/net/http.h"
#include "providers/aws/chain.h"
#include "providers/aws/judge.h"
#include "providers/aws/parse.h"
#include "tests/fuzz/fuzz.h"

static int check_instance(void *arg, const json_t *instance,
                          struct fleet_error *err)
{
    FL_AUTO(fl_pod_free) struct fleet_pod *pod = fl_pod_new();
    int rc = parse_instance(instance, pod, err);

    (void)arg;
    ALWAYS(rc == FLEET_OK || (rc == FLEET_EINTERNAL && err->text[0]));
    ALWAYS(rc || fl_pod_is_set(pod, FLEET_POD_ID));
    /* A token that somebody else has written is none. */
    ALWAYS(parse_is_ours(instance) || !fl_pod_is_set(pod, FLEET_POD_TOKEN));
    return FLEET_OK;
}

static void check_answer(const json_t *answer)
{
    struct fleet_error err = {0};
    const json_t *entry;
    int64_t count;
    size_t i;

    if (parse_instances(answer, check_instance, NULL, &err) < 0)
        ALWAYS(err.text[0]);
    parse_next(answer);
    json_array_foreach(xml_list(answer, "instanceTypeSet"), i, entry)
    {
        parse_has_market(entry, true);
        parse_architecture(entry);
        ALWAYS(!parse_gpu(entry, &count) || count > 0);
    }
    parse_newest(xml_list(answer, "imagesSet"), "x86_64");
    ALWAYS(parse_spot_price(xml_list(answer, "spotPriceHistorySet"),
                            "g5.xlarge", NULL) >= -1);
    count = parse_list_price(answer);
    ALWAYS(count == -1 || count > 0);
}

static void check_fault(const char *text, size_t size)
{
    struct fleet_answer answer = {.status = 400};
    struct fleet_error err = {0};
    struct aws_fault fault;
    int rc;

    fl_buf_init(&answer.body, size + 1);
    fl_buf_add(&answer.body, text, size);
    rc = aws_read_fault(&answer, &fault, &err);
    ALWAYS(fault.class == AWS_DRY || (rc < 0 && err.text[0]));
    fl_buf_clear(&answer.body);
}

static void check_files(const char *text)
{
    struct settings settings = {.env = json_object(),
                                .files = json_object(),
                                .profile = "a",
                                .chosen = true};
    struct fleet_error err = {0};
    struct chain chain;

    settings_read_file(settings.files, text, false, NULL);
    settings_read_file(settings.files, text, true, NULL);
    if (chain_plan(&settings, &chain, &err) < 0)
        ALWAYS(err.text[0]);
    else
        ALWAYS(chain.source != CHAIN_KEYS || (chain.id && chain.secret));
    json_decref(settings.env);
    json_decref(settings.files);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    struct fleet_error err = {0};
    json_t *answer = NULL;

    ALWAYS(text);
    memcpy(text, data, size);
    text[size] = '\0';
    if (xml_read(text, size, &answer, &err) < 0) {
        ALWAYS(err.text[0]);
        answer = json_loads(text, 0, NULL);
    }
    if (answer)
        check_answer(answer);
    json_decref(answer);
    check_fault(text, size);
    check_files(text);
    json_decref(chain_words(text));
    chain_time(text);
    chain_is_near(text);
    free(text);
    return 0;
}
