/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "tests/servers/sim/aws.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Answers are JSON until they are sent, so that an "edit" reaches them all: the
 * XML of {"A": {"@xmlns": "x", "set": [1, 2]}} is
 * <A xmlns="x"><set><item>1</item><item>2</item></set></A>. */

bool aws_speaks_json(enum aws_service service)
{
    return service >= AWS_SSM;
}

/* --- XML ----------------------------------------------------------------- */

static void escape(FILE *out, const char *text)
{
    for (; *text; text++) {
        switch (*text) {
        case '&':
            fputs("&amp;", out);
            break;
        case '<':
            fputs("&lt;", out);
            break;
        case '>':
            fputs("&gt;", out);
            break;
        case '"':
            fputs("&quot;", out);
            break;
        case '\r':
            fputs("&#13;", out);
            break;
        default:
            fputc(*text, out);
        }
    }
}

static void write_element(FILE *out, const char *name, const json_t *value,
                          const char *item);

static void write_content(FILE *out, const json_t *value, const char *item)
{
    const char *key;
    json_t *each;
    size_t i;

    if (json_is_string(value))
        escape(out, json_string_value(value));
    else if (json_is_integer(value))
        fprintf(out, "%lld", (long long)json_integer_value(value));
    else if (json_is_real(value))
        fprintf(out, "%.10g", json_real_value(value));
    else if (json_is_boolean(value))
        fputs(json_is_true(value) ? "true" : "false", out);
    json_object_foreach((json_t *)value, key, each)
    {
        if (*key != '@')
            write_element(out, key, each, item);
    }
    json_array_foreach(value, i, each)
    {
        write_element(out, item, each, item);
    }
}

static void write_element(FILE *out, const char *name, const json_t *value,
                          const char *item)
{
    const char *space = sim_text(value, "@xmlns", NULL);

    fprintf(out, "<%s", name);
    if (space)
        fprintf(out, " xmlns=\"%s\"", space);
    if (json_is_null(value)) {
        fputs("/>", out);
        return;
    }
    fputc('>', out);
    write_content(out, value, item);
    fprintf(out, "</%s>", name);
}

char *aws_render(const struct sim_call *call)
{
    const char *item =
        aws_of(call->sim)->service == AWS_EC2 ? "item" : "member";
    char *text = NULL;
    size_t size = 0;
    FILE *out;

    if (!call->type || strncmp(call->type, "text/xml", 8) != 0)
        return NULL;
    out = open_memstream(&text, &size);
    if (!out)
        abort();
    fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n", out);
    write_content(out, call->reply, item);
    fputc('\n', out);
    fclose(out);
    return text;
}

/* --- answers ------------------------------------------------------------- */

static const char *xmlns(enum aws_service service)
{
    switch (service) {
    case AWS_SCALING:
        return "http://autoscaling.amazonaws.com/doc/2011-01-01/";
    case AWS_STS:
        return "https://sts.amazonaws.com/doc/2011-06-15/";
    default:
        return "http://ec2.amazonaws.com/doc/2016-11-15/";
    }
}

static void reply_xml(struct sim_call *call, int status, json_t *tree)
{
    sim_reply(call, status, tree);
    call->type = aws_of(call->sim)->service == AWS_EC2
                     ? "text/xml;charset=UTF-8"
                     : "text/xml";
}

static json_t *ec2_answer(const struct aws *aws, json_t *result)
{
    json_t *made = json_pack("{s:s, s:s}", "@xmlns", xmlns(aws->service),
                             "requestId", aws->request_id);

    json_object_update(made, result);
    json_decref(result);
    return made;
}

static json_t *query_answer(const struct aws *aws, json_t *result)
{
    json_t *made = json_pack("{s:s}", "@xmlns", xmlns(aws->service));
    char *name = sim_format("%sResult", aws->action);

    if (result)
        sim_put(made, name, result);
    sim_put(made, "ResponseMetadata",
            json_pack("{s:s}", "RequestId", aws->request_id));
    free(name);
    return made;
}

void aws_answer(struct sim_call *call, json_t *result)
{
    const struct aws *aws = aws_of(call->sim);
    char *name = sim_format("%sResponse", aws->action);

    if (aws_speaks_json(aws->service)) {
        sim_reply(call, 200, result);
        call->type = "application/x-amz-json-1.1";
    } else {
        reply_xml(call, 200,
                  json_pack("{s:o}", name,
                            aws->service == AWS_EC2
                                ? ec2_answer(aws, result)
                                : query_answer(aws, result)));
    }
    free(name);
}

/* --- errors -------------------------------------------------------------- */

static void refuse_json(struct sim_call *call, int status, const char *code,
                        const char *message)
{
    /* Both forms are met: with and without the shape's name space. */
    bool bare = aws_of(call->sim)->service == AWS_SSM;
    char *type = sim_format("%s%s", bare ? "" : "com.amazonaws.service#", code);

    sim_reply(call, status,
              json_pack("{s:s, s:s}", "__type", type,
                        bare ? "message" : "Message", message));
    call->type = "application/x-amz-json-1.1";
    sim_reply_header(call, "x-amzn-ErrorType", "%s", code);
    free(type);
}

void aws_refuse(struct sim_call *call, int status, const char *code,
                const char *format, ...)
{
    const struct aws *aws = aws_of(call->sim);
    char *message = NULL;
    va_list args;

    va_start(args, format);
    if (vasprintf(&message, format, args) < 0)
        abort();
    va_end(args);
    if (aws_speaks_json(aws->service))
        refuse_json(call, status, code, message);
    else if (aws->service == AWS_EC2)
        reply_xml(call, status,
                  json_pack("{s:{s:{s:{s:s, s:s}}, s:s}}", "Response", "Errors",
                            "Error", "Code", code, "Message", message,
                            "RequestID", aws->request_id));
    else
        reply_xml(call, status,
                  json_pack("{s:{s:s, s:{s:s, s:s, s:s}, s:s}}",
                            "ErrorResponse", "@xmlns", xmlns(aws->service),
                            "Error", "Type",
                            status >= 500 ? "Receiver" : "Sender", "Code", code,
                            "Message", message, "RequestId", aws->request_id));
    free(message);
}

static const char *code_for(enum aws_service service, int status)
{
    bool ec2 = service == AWS_EC2;

    switch (status) {
    case 401:
        return "AuthFailure";
    case 403:
        return ec2 ? "UnauthorizedOperation" : "AccessDenied";
    case 404:
        return ec2 ? "InvalidInstanceID.NotFound" : "ValidationError";
    case 413:
        return "RequestEntityTooLarge";
    case 429:
        return "TooManyRequestsException";
    case 503:
        return ec2 ? "Unavailable" : "ServiceUnavailable";
    default:
        return status >= 500 ? "InternalError" : "InvalidRequest";
    }
}

/* "InsufficientInstanceCapacity: We have none" names the code to give. */
void aws_fail(struct sim_call *call, int status, const char *detail)
{
    size_t len = strspn(detail, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrst"
                                "uvwxyz0123456789.");
    char code[128];

    if (status == 404 && strcmp(detail, "resource not found") == 0) {
        sim_reply_text(call, 404, "text/html", "<html>404 Not Found</html>");
        return;
    }
    if (len && len < sizeof code && strncmp(detail + len, ": ", 2) == 0) {
        snprintf(code, sizeof code, "%.*s", (int)len, detail);
        aws_refuse(call, status, code, "%s", detail + len + 2);
        return;
    }
    aws_refuse(call, status, code_for(aws_of(call->sim)->service, status), "%s",
               detail);
}

void aws_refuse_rate(struct sim_call *call)
{
    enum aws_service service = aws_of(call->sim)->service;

    if (service == AWS_EC2)
        aws_refuse(call, 503, "RequestLimitExceeded",
                   "Request limit exceeded.");
    else
        aws_refuse(call, 400,
                   aws_speaks_json(service) ? "ThrottlingException"
                                            : "Throttling",
                   "Rate exceeded");
}

static char *encoded_message(void)
{
    enum { LEN = 600 };
    char word[LEN + 1];

    sim_random_word(word, LEN);
    return sim_copy(word);
}

void aws_refuse_right(struct sim_call *call, const char *right)
{
    const struct aws *aws = aws_of(call->sim);
    char *encoded = encoded_message();

    if (aws->service == AWS_EC2)
        aws_refuse(call, 403, "UnauthorizedOperation",
                   "You are not authorized to perform this operation. User: %s "
                   "is not authorized to perform: %s on resource: "
                   "arn:aws:ec2:%s:" AWS_ACCOUNT ":* because no identity-based "
                   "policy allows the %s action. Encoded authorization failure "
                   "message: %s",
                   aws->arn, right, aws->region, right, encoded);
    else
        aws_refuse(call, aws_speaks_json(aws->service) ? 400 : 403,
                   aws_speaks_json(aws->service) ? "AccessDeniedException"
                                                 : "AccessDenied",
                   "User: %s is not authorized to perform: %s on resource: * "
                   "because no identity-based policy allows the %s action",
                   aws->arn, right, right);
    free(encoded);
}
