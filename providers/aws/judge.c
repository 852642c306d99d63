/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "providers/aws/judge.h"

#include "providers/aws/xml.h"

#include <stdio.h>
#include <string.h>

/* clang-format off */
static const struct {
    const char *code;
    enum aws_class class;
} codes[] = {
    {"InsufficientInstanceCapacity", AWS_CAPACITY},
    {"InsufficientHostCapacity", AWS_CAPACITY},
    {"InsufficientReservedInstanceCapacity", AWS_CAPACITY},
    {"InsufficientCapacity", AWS_CAPACITY},
    {"UnfulfillableCapacity", AWS_CAPACITY},
    {"ReservationCapacityExceeded", AWS_CAPACITY},
    {"SpotMaxPriceTooLow", AWS_CAPACITY},
    {"Unsupported", AWS_CAPACITY},
    {"InsufficientFreeAddressesInSubnet", AWS_CAPACITY},
    {"InvalidInstanceType", AWS_CAPACITY},
    {"VcpuLimitExceeded", AWS_QUOTA},
    {"MaxSpotInstanceCountExceeded", AWS_QUOTA},
    {"InstanceLimitExceeded", AWS_QUOTA},
    {"MaxFleetCountExceeded", AWS_QUOTA},
    {"VolumeLimitExceeded", AWS_QUOTA},
    {"MaxIOPSLimitExceeded", AWS_QUOTA},
    {"AddressLimitExceeded", AWS_QUOTA},
    {"SecurityGroupLimitExceeded", AWS_QUOTA},
    {"VpcLimitExceeded", AWS_QUOTA},
    {"LimitExceeded", AWS_QUOTA},
    {"LimitExceededException", AWS_QUOTA},
    {"RequestLimitExceeded", AWS_THROTTLED},
    {"EC2ThrottledException", AWS_THROTTLED},
    {"Throttling", AWS_THROTTLED},
    {"ThrottlingException", AWS_THROTTLED},
    {"ThrottledException", AWS_THROTTLED},
    {"RequestThrottled", AWS_THROTTLED},
    {"RequestThrottledException", AWS_THROTTLED},
    {"TooManyRequestsException", AWS_THROTTLED},
    {"SlowDown", AWS_THROTTLED},
    {"BandwidthLimitExceeded", AWS_THROTTLED},
    {"PriorRequestNotComplete", AWS_THROTTLED},
    {"InternalError", AWS_TRANSIENT},
    {"InternalFailure", AWS_TRANSIENT},
    {"ServiceUnavailable", AWS_TRANSIENT},
    {"Unavailable", AWS_TRANSIENT},
    {"RequestTimeout", AWS_TRANSIENT},
    {"RequestTimeoutException", AWS_TRANSIENT},
    {"ResourceContention", AWS_TRANSIENT},
    {"ServiceLinkedRoleFailure", AWS_TRANSIENT},
    {"ScalingActivityInProgress", AWS_TRANSIENT},
    {"ConcurrentTagAccess", AWS_TRANSIENT},
    {"IDPCommunicationError", AWS_TRANSIENT},
    {"ExpiredToken", AWS_EXPIRED},
    {"ExpiredTokenException", AWS_EXPIRED},
    {"RequestExpired", AWS_CLOCK},
    {"RequestInTheFuture", AWS_CLOCK},
    {"RequestTimeTooSkewed", AWS_CLOCK},
    {"AuthFailure", AWS_CREDENTIALS},
    {"InvalidClientTokenId", AWS_CREDENTIALS},
    {"UnrecognizedClientException", AWS_CREDENTIALS},
    {"SignatureDoesNotMatch", AWS_CREDENTIALS},
    {"InvalidSignatureException", AWS_CREDENTIALS},
    {"IncompleteSignature", AWS_CREDENTIALS},
    {"MissingAuthenticationToken", AWS_CREDENTIALS},
    {"OptInRequired", AWS_CREDENTIALS},
    {"PendingVerification", AWS_CREDENTIALS},
    {"Blocked", AWS_CREDENTIALS},
    {"RegionDisabledException", AWS_CREDENTIALS},
    {"InvalidIdentityToken", AWS_CREDENTIALS},
    {"IDPRejectedClaim", AWS_CREDENTIALS},
    {"UnauthorizedOperation", AWS_FORBIDDEN},
    {"AccessDenied", AWS_FORBIDDEN},
    {"AccessDeniedException", AWS_FORBIDDEN},
    {"AuthFailure.ServiceLinkedRoleCreationNotPermitted", AWS_FORBIDDEN},
    {"InvalidAMIID.Unavailable", AWS_MISSING},
    {"ParameterNotFound", AWS_MISSING},
    {"InvalidLaunchTemplateName.NotFoundException", AWS_MISSING},
    {"InvalidLaunchTemplateId.VersionNotFound", AWS_MISSING},
    {"NoSuchResourceException", AWS_MISSING},
    {"QueueDoesNotExist", AWS_MISSING},
    {"AWS.SimpleQueueService.NonExistentQueue", AWS_MISSING},
    {"QueueNameExists", AWS_EXISTS},
    {"AlreadyExists", AWS_EXISTS},
    {"AlreadyExistsException", AWS_EXISTS},
    {"InvalidLaunchTemplateName.AlreadyExistsException", AWS_EXISTS},
    {"TokenAlreadyExistsException", AWS_EXISTS},
    {"EntityAlreadyExists", AWS_EXISTS},
    {"IncorrectInstanceState", AWS_STATE},
    {"IncorrectState", AWS_STATE},
    {"UnsupportedOperation", AWS_STATE},
    {"OperationNotPermitted", AWS_STATE},
    {"IncorrectSpotRequestState", AWS_STATE},
    {"ResourceInUse", AWS_STATE},
    {"DependencyViolation", AWS_STATE},
    {"IdempotentParameterMismatch", AWS_REUSED},
    {"DryRunOperation", AWS_DRY},
};
/* clang-format on */

static bool ends_in(const char *text, const char *end)
{
    size_t len = strlen(text), n = strlen(end);

    return len > n && strcmp(text + len - n, end) == 0;
}

/* Auto Scaling looks at the rights of a launch, and says so in no other way. */
enum aws_class aws_by_words(const char *message)
{
    if (api_contains(message, "not authorized"))
        return AWS_FORBIDDEN;
    if (api_contains(message, "not found") ||
        api_contains(message, "does not exist"))
        return AWS_MISSING;
    return AWS_WRONG;
}

/* InvalidSubnetID.NotFound, InvalidKeyPair.Duplicate: a habit of EC2's. */
static enum aws_class by_habit(const char *code, const char *message)
{
    if (ends_in(code, ".NotFound"))
        return AWS_MISSING;
    if (ends_in(code, ".Duplicate"))
        return AWS_EXISTS;
    return strcmp(code, "ValidationError") == 0 ? aws_by_words(message)
                                                : AWS_WRONG;
}

/* A signature that came too late or too early is not wrong. */
static bool speaks_of_time(const char *message)
{
    return api_contains(message, "Signature expired") ||
           api_contains(message, "not yet current");
}

static enum aws_class by_status(int status)
{
    if (status == 429)
        return AWS_THROTTLED;
    if (status >= 500)
        return AWS_TRANSIENT;
    if (status == 401)
        return AWS_CREDENTIALS;
    return status == 403 ? AWS_FORBIDDEN : AWS_WRONG;
}

enum aws_class aws_classify(const char *code, int status, const char *message)
{
    enum aws_class class;

    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        if (strcmp(codes[i].code, code) != 0)
            continue;
        class = codes[i].class;
        return class == AWS_CREDENTIALS && speaks_of_time(message) ? AWS_CLOCK
                                                                   : class;
    }
    class = *code ? by_habit(code, message) : AWS_WRONG;
    return class == AWS_WRONG && (!*code || status >= 500 || status == 429)
               ? by_status(status)
               : class;
}

/* ---- reading ---- */

static void put(char *out, size_t size, const char *text)
{
    if (text)
        snprintf(out, size, "%.*s", (int)size - 1, text);
}

/* "prefix#Code:uri" */
static void put_json_code(struct aws_fault *fault, const char *text)
{
    const char *hash = text ? strrchr(text, '#') : NULL;

    if (hash)
        text = hash + 1;
    if (text)
        snprintf(fault->code, sizeof(fault->code), "%.*s",
                 (int)strcspn(text, ":"), text);
}

static void read_json(const json_t *body, const struct fleet_answer *answer,
                      struct aws_fault *fault)
{
    const char *message = api_text(body, "message");

    put_json_code(fault, fleet_answer_header(answer, "x-amzn-errortype"));
    put_json_code(fault, api_text(body, "__type"));
    put(fault->message, sizeof(fault->message),
        message ? message : api_text(body, "Message"));
}

/* EC2 has a list of errors, of which the first counts; the others do not. */
static void read_xml(const json_t *body, struct aws_fault *fault)
{
    bool ec2 = xml_text(body, "Errors/Error/Code");
    const char *id = xml_text(body, ec2 ? "RequestID" : "RequestId");

    put(fault->code, sizeof(fault->code),
        xml_text(body, ec2 ? "Errors/Error/Code" : "Error/Code"));
    put(fault->message, sizeof(fault->message),
        xml_text(body, ec2 ? "Errors/Error/Message" : "Error/Message"));
    put(fault->request, sizeof(fault->request), id);
}

static void read_body(const struct fleet_answer *answer,
                      struct aws_fault *fault)
{
    AUTO_JSON json_t *body = NULL;
    struct fleet_error ignored = {0};
    size_t len;
    const char *text = fleet_answer_body(answer, &len);

    put(fault->request, sizeof(fault->request),
        fleet_answer_header(answer, "x-amzn-requestid"));
    if (len > 0 && text[strspn(text, " \t\r\n")] == '{') {
        body = api_body(answer);
        if (json_is_object(body))
            read_json(body, answer, fault);
    } else if (xml_read(text, len, &body, &ignored) == FLEET_OK) {
        read_xml(body, fault);
    }
}

/* ---- telling ---- */

struct meaning {
    int code, detail; /* detail: in place of the HTTP status */
    const char *remedy;
};

static struct meaning meaning_of(enum aws_class class)
{
    static const struct meaning meanings[] = {
        [AWS_CAPACITY] = {FLEET_ECAPACITY, 0, ""},
        [AWS_QUOTA] = {FLEET_EQUOTA, 0, "; ask for more in Service Quotas"},
        [AWS_THROTTLED] = {FLEET_ERATELIMITED, 0, ""},
        [AWS_TRANSIENT] = {FLEET_ETRANSIENT, 0, ""},
        [AWS_EXPIRED] = {FLEET_EAUTH, 401,
                         "; get new credentials, with `aws sso login` where "
                         "they are of SSO"},
        [AWS_CLOCK] = {FLEET_EAUTH, 401,
                       "; set this computer's clock, or get new "
                       "credentials where they have expired"},
        [AWS_CREDENTIALS] = {FLEET_EAUTH, 401,
                             "; check the AWS credentials and whether they "
                             "are for this region"},
        [AWS_FORBIDDEN] = {FLEET_EAUTH, 403,
                           "; the policy of these credentials has to allow "
                           "it"},
        [AWS_MISSING] = {FLEET_ENOTFOUND, 0, ""},
        [AWS_EXISTS] = {FLEET_ECONFLICT, 0, ""},
        [AWS_STATE] = {FLEET_ECONFLICT, 0, ""},
        [AWS_REUSED] = {FLEET_ECONFLICT, 0, ""},
        [AWS_WRONG] = {FLEET_EINVALID, 0, ""},
        [AWS_DRY] = {FLEET_OK, 0, ""},
    };

    return meanings[class];
}

/* What the class alone does not say. */
static int special(const struct aws_fault *fault)
{
    if (strcmp(fault->code, "OperationNotPermitted") == 0)
        return FLEET_ELOCKED;
    if (strcmp(fault->code, "UnsupportedOperation") == 0)
        return FLEET_EUNSUPPORTED;
    return FLEET_OK;
}

/* An encoded message of authorization is a kilobyte of nothing. */
static int told_length(const char *message)
{
    const char *encoded = strstr(message, "Encoded authorization failure");
    size_t len = encoded ? (size_t)(encoded - message) : strlen(message);
    size_t line = strcspn(message, "\r\n");

    if (line < len) /* behind it may stand what was signed, a token in it */
        len = line;
    while (len > 0 && strchr(" .", message[len - 1]))
        len--;
    return len > 260 ? 260 : (int)len;
}

int aws_explain(const struct aws_fault *fault, int status,
                struct fleet_error *err)
{
    struct meaning meaning = meaning_of(fault->class);
    int code = special(fault) ? special(fault) : meaning.code;
    bool more = *fault->message, id = *fault->request;

    fleet_fail(err, code, "%s%s%.*s%s%s%s%s", *fault->code ? fault->code : "",
               more && *fault->code ? ": " : "", told_length(fault->message),
               fault->message, more || *fault->code ? "" : "trouble at AWS",
               meaning.remedy, id ? " (request " : "",
               id ? fault->request : "");
    if (err) {
        size_t len = strlen(err->text);

        if (id && len + 1 < sizeof(err->text))
            snprintf(err->text + len, sizeof(err->text) - len, ")");
        err->detail = meaning.detail ? meaning.detail : status;
    }
    return code;
}

int aws_read_fault(const struct fleet_answer *answer, struct aws_fault *fault,
                   struct fleet_error *err)
{
    int status = fleet_answer_status(answer);

    *fault = (struct aws_fault){0};
    if (status >= 200 && status < 300)
        return FLEET_OK;
    read_body(answer, fault);
    fault->class = aws_classify(fault->code, status, fault->message);
    if (!*fault->code && !*fault->message)
        snprintf(fault->message, sizeof(fault->message), "HTTP %d", status);
    return aws_explain(fault, status, err);
}

int aws_judge(const struct fleet_answer *answer, struct fleet_error *err)
{
    struct aws_fault fault;
    struct fleet_error why = {0};
    int rc = aws_read_fault(answer, &fault, &why);

    if (fault.class != AWS_THROTTLED && fault.class != AWS_TRANSIENT)
        return FLEET_OK;
    *err = why;
    return rc;
}

/* ---- quotas ---- */

const char *aws_quota_code(const char *type, bool spot)
{
    static const struct {
        const char *prefix, *on_demand, *spot;
    } families[] = {
        {"dl", "L-6E869C2A", ""},           {"trn", "L-2C3B7624", ""},
        {"inf", "L-1945791B", ""},          {"p5", "L-417A185B", "L-C4BD4855"},
        {"p", "L-417A185B", "L-7212CCBC"},  {"g", "L-DB2E81BA", "L-3819A6DF"},
        {"vt", "L-DB2E81BA", "L-3819A6DF"}, {"", "L-1216C47A", "L-34B43A08"},
    };
    size_t i = 0;

    if (!strchr("acdghimprtvz", type[0]))
        return "";
    while (strncmp(type, families[i].prefix, strlen(families[i].prefix)) != 0)
        i++;
    return spot ? families[i].spot : families[i].on_demand;
}

const char *aws_code_in(const char *text)
{
    static const struct {
        const char *words, *code;
    } known[] = {
        {"vCPU capacity than your current vCPU limit", "VcpuLimitExceeded"},
        {"Max spot instance count exceeded", "MaxSpotInstanceCountExceeded"},
        {"Your Spot request price", "SpotMaxPriceTooLow"},
        {"is not supported in your requested Availability Zone", "Unsupported"},
        {"free addresses", "InsufficientFreeAddressesInSubnet"},
        {"sufficient", "InsufficientInstanceCapacity"},
    };

    for (size_t i = 0; text && i < sizeof(codes) / sizeof(codes[0]); i++) {
        if (strlen(codes[i].code) > 12 && strstr(text, codes[i].code))
            return codes[i].code;
    }
    for (size_t i = 0; text && i < sizeof(known) / sizeof(known[0]); i++) {
        if (strstr(text, known[i].words))
            return known[i].code;
    }
    return "";
}
