/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/net/http.h"
#include "providers/aws/endpoint.h"
#include "providers/aws/form.h"
#include "providers/aws/judge.h"
#include "providers/aws/sigv4.h"
#include "providers/aws/xml.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* ---- signatures ---- */

#define FORM  "application/x-www-form-urlencoded; charset=utf-8"
#define STAMP 1767323045 /* 2026-01-02T03:04:05Z */
#define BODY                                                                   \
    "Action=DescribeInstances&Version=2016-11-15&Filter.1.Name=tag%3Afleet&"   \
    "Filter.1.Value.1=a%20b"
#define TOKEN "FleetToken//Example+=="

struct vector {
    struct sigv4_request request;
    const char *token, *canonical, *signature, *names;
};

/* Computed by botocore's signer. */
static const struct vector vectors[] = {
    {{"ec2.us-west-2.amazonaws.com", "/", FORM, NULL, BODY, "us-west-2", "ec2",
      STAMP},
     NULL,
     "7036f331972f1a26a5c5e47e5191815dec9efc624aff69d33dd57851ef631579",
     "7ce56322256aaf5f9e97b2926e61db938489f0afb5259d63d4fbfb6fc4b3608e",
     "content-type;host;x-amz-date"},
    {{"ec2.us-west-2.amazonaws.com", "/", FORM, NULL, BODY, "us-west-2", "ec2",
      STAMP},
     TOKEN,
     "058d32e7b476803c52425d9c4b7aa1f4f8b9d93c4a820262ceb3ad6026eb1e01",
     "fe21177798ce23fd96ad263ec38009323202d49738673563c3f77ae2e9a69dad",
     "content-type;host;x-amz-date;x-amz-security-token"},
    {{"127.0.0.1:8080", "/", "application/x-amz-json-1.0",
      "AmazonSQS.GetQueueUrl", "{\"QueueName\":\"jobs\"}", "cn-north-1", "sqs",
      STAMP},
     TOKEN,
     "ca892e4cf953b571a4ccba13e5ad4eebc6da428429ae54f75969e58f07dd87b3",
     "e0e743a13897b38ab3d2c5906671dcbb330b472aeada709e78c83c88c92c8913",
     "content-type;host;x-amz-date;x-amz-security-token;x-amz-target"},
    /* Blanks around a value and runs of them do not count. */
    {{" ec2.us-west-2.amazonaws.com\t", "/",
      "application/x-www-form-urlencoded;   charset=utf-8 ", NULL, BODY,
      "us-west-2", "ec2", STAMP},
     NULL,
     "7036f331972f1a26a5c5e47e5191815dec9efc624aff69d33dd57851ef631579",
     "7ce56322256aaf5f9e97b2926e61db938489f0afb5259d63d4fbfb6fc4b3608e",
     "content-type;host;x-amz-date"},
};

static void test_signatures(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
        const struct vector *v = &vectors[i];
        const struct sigv4_keys keys = {"AKIAFLEETEXAMPLE0001",
                                        "Fleet/Example+Secret/Key00000000000"
                                        "00000",
                                        v->token};
        struct sigv4 got;
        char expected[512];

        assert_int_equal(sigv4_sign(&v->request, &keys, &got), 0);
        assert_string_equal(got.stamp, "20260102T030405Z");
        assert_string_equal(got.canonical, v->canonical);
        assert_string_equal(got.signature, v->signature);
        snprintf(expected, sizeof(expected),
                 "AWS4-HMAC-SHA256 Credential=AKIAFLEETEXAMPLE0001/20260102/"
                 "%s/%s/aws4_request, SignedHeaders=%s, Signature=%s",
                 v->request.region, v->request.service, v->names, v->signature);
        assert_string_equal(got.authorization, expected);
        free(got.authorization);
    }
}

static void test_digest(void **state)
{
    char hex[SIGV4_HEX];

    (void)state;
    assert_int_equal(sigv4_digest("", 0, hex), 0);
    assert_string_equal(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca"
                             "495991b7852b855");
}

/* ---- forms ---- */

static void test_forms(void **state)
{
    AUTO_FORM struct form form = {0};

    (void)state;
    form_open(&form, "RunInstances", "2016-11-15");
    form_add(&form, "a b/\xc3\xa9+~", "Tag.%d.Value", 1);
    form_add(&form, "", "Empty");
    form_add(&form, NULL, "None");
    form_add(&form, ".", "Dot");
    form_add_number(&form, -7, "Number.%s", "x");
    form_add_base64(&form, "#!/bin/sh\n>>?", "UserData");
    assert_string_equal(form.text,
                        "Action=RunInstances&Version=2016-11-15&Tag.1.Value="
                        "a%20b%2F%C3%A9%2B~&Dot=.&Number.x=-7&UserData="
                        "IyEvYmluL3NoCj4%2BPw%3D%3D");
}

static void test_form_too_long(void **state)
{
    AUTO_FORM struct form form = {0};
    static char big[600000];

    (void)state;
    memset(big, '=', sizeof(big) - 1);
    form_open(&form, "A", "B");
    form_add(&form, big, "Big");
    assert_true(form.failed);
    assert_null(form.text);
    form_add(&form, "x", "More");
    assert_null(form.text);
}

/* ---- XML ---- */

struct xml_case {
    const char *text, *json; /* json NULL: refused */
};

static const struct xml_case documents[] = {
    {"<?xml version=\"1.0\"?>\n<R xmlns=\"http://ec2.amazonaws.com/doc/2016-11-"
     "15/\"><requestId>r</requestId><set><item><id>i-1</id><e/></item>\n"
     "<item><id>i-2</id></item></set><nextToken></nextToken></R>",
     "{\"requestId\":\"r\",\"set\":[{\"id\":\"i-1\"},{\"id\":\"i-2\"}]}"},
    {"<R><L><member>a</member><member>b &amp; &lt;c&gt;</member></L>"
     "<n:q xmlns:n=\"u\">7</n:q><!-- x --></R>",
     "{\"L\":[\"a\",\"b & <c>\"],\"q\":\"7\"}"},
    {"<R><a>1</a><a>2</a><t><![CDATA[<x>]]></t></R>",
     "{\"a\":\"1\",\"t\":\"<x>\"}"},
    {"<R><set><item><x><item>1</item></x></item></set></R>",
     "{\"set\":[{\"x\":[\"1\"]}]}"},
    {"<R/>", "{}"},
    {"<R>\n</R>", NULL},
    {"<R><item>1</item></R>", NULL},
    {"", NULL},
    {"<html><body>Bad gateway<br></body></html>", NULL},
    {"<R><a>1</R>", NULL},
    {"<R><a>1</a></R><R/>", NULL},
    {"{\"a\":1}", NULL},
    {"<!DOCTYPE R [<!ENTITY x SYSTEM "
     "\"file:///etc/passwd\">]><R><a>&x;</a></R>",
     NULL},
    {"<!DOCTYPE R [<!ENTITY a \"b\">]><R><a>&a;</a></R>", NULL},
    {"<!DOCTYPE R SYSTEM \"http://127.0.0.1:1/x.dtd\"><R><a>1</a></R>", NULL},
    {"<R><a>&x;</a></R>", NULL},
};

static void test_xml(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(documents) / sizeof(documents[0]); i++) {
        const struct xml_case *c = &documents[i];
        struct fleet_error err = {0};
        json_t *got = NULL;
        int rc = xml_read(c->text, strlen(c->text), &got, &err);
        char *text = got ? json_dumps(got, JSON_COMPACT) : NULL;

        if (!c->json) {
            if (rc == FLEET_OK)
                fail_msg("taken: %s", c->text);
            assert_int_equal(rc, FLEET_EINTERNAL);
        } else {
            assert_int_equal(rc, FLEET_OK);
            assert_string_equal(text, c->json);
        }
        free(text);
        json_decref(got);
    }
}

static void test_xml_depth(void **state)
{
    char text[2048] = "<R>";
    struct fleet_error err = {0};
    json_t *got = NULL;

    (void)state;
    for (int i = 0; i < 60; i++)
        strncat(text, "<a>", sizeof(text) - strlen(text) - 1);
    strncat(text, "x", sizeof(text) - strlen(text) - 1);
    for (int i = 0; i < 60; i++)
        strncat(text, "</a>", sizeof(text) - strlen(text) - 1);
    strncat(text, "</R>", sizeof(text) - strlen(text) - 1);
    assert_int_equal(xml_read(text, strlen(text), &got, &err), FLEET_EINTERNAL);
}

static void test_paths(void **state)
{
    json_t *got = NULL;
    const char *text = "<R><a><b><c>7</c></b></a><l><item>1</item></l></R>";

    (void)state;
    assert_int_equal(xml_read(text, strlen(text), &got, NULL), FLEET_OK);
    assert_string_equal(xml_text(got, "a/b/c"), "7");
    assert_null(xml_text(got, "a/b"));
    assert_null(xml_text(got, "a/x/c"));
    assert_null(xml_text(NULL, "a"));
    assert_int_equal(json_array_size(xml_list(got, "l")), 1);
    assert_null(xml_list(got, "a"));
    json_decref(got);
}

/* ---- endpoints ---- */

struct endpoint_case {
    const struct service *service;
    const char *region, *env, *file;
    const char *url, *host, *path;
};

static const struct endpoint_case endpoints[] = {
    {&service_ec2, "us-west-2", "{}", "",
     "https://ec2.us-west-2.amazonaws.com/", "ec2.us-west-2.amazonaws.com",
     "/"},
    {&service_scaling, "cn-north-1", "{}", "",
     "https://autoscaling.cn-north-1.amazonaws.com.cn/",
     "autoscaling.cn-north-1.amazonaws.com.cn", "/"},
    {&service_sts, "us-isob-east-1", "{}", "",
     "https://sts.us-isob-east-1.sc2s.sgov.gov/",
     "sts.us-isob-east-1.sc2s.sgov.gov", "/"},
    {&service_ec2, "us-iso-east-1", "{}", "",
     "https://ec2.us-iso-east-1.c2s.ic.gov/", "ec2.us-iso-east-1.c2s.ic.gov",
     "/"},
    {&service_ec2, "eusc-de-east-1", "{}", "",
     "https://ec2.eusc-de-east-1.amazonaws.eu/",
     "ec2.eusc-de-east-1.amazonaws.eu", "/"},
    {&service_ec2, "xx-new-1", "{}", "", "https://ec2.xx-new-1.amazonaws.com/",
     "ec2.xx-new-1.amazonaws.com", "/"},
    {&service_pricing, "us-east-1", "{}", "",
     "https://api.pricing.us-east-1.amazonaws.com/",
     "api.pricing.us-east-1.amazonaws.com", "/"},
    {&service_ssm, "us-east-1", "{\"AWS_USE_DUALSTACK_ENDPOINT\":\"true\"}", "",
     "https://ssm.us-east-1.api.aws/", "ssm.us-east-1.api.aws", "/"},
    {&service_ec2, "us-east-1",
     "{\"AWS_USE_DUALSTACK_ENDPOINT\":\"true\","
     "\"AWS_USE_FIPS_ENDPOINT\":\"TRUE\"}",
     "", "https://ec2-fips.us-east-1.api.aws/", "ec2-fips.us-east-1.api.aws",
     "/"},
    {&service_ec2, "us-gov-west-1", "{\"AWS_USE_FIPS_ENDPOINT\":\"true\"}", "",
     "https://ec2.us-gov-west-1.amazonaws.com/",
     "ec2.us-gov-west-1.amazonaws.com", "/"},
    {&service_ec2, "us-east-1",
     "{\"AWS_ENDPOINT_URL\":\"http://127.0.0.1:5000\"}", "",
     "http://127.0.0.1:5000/", "127.0.0.1:5000", "/"},
    {&service_scaling, "us-east-1",
     "{\"AWS_ENDPOINT_URL\":\"http://127.0.0.1:5000\","
     "\"AWS_ENDPOINT_URL_AUTO_SCALING\":\"https://x.example:443/pre/\"}",
     "", "https://x.example:443/pre/", "x.example", "/pre/"},
    {&service_ec2, "us-east-1",
     "{\"AWS_ENDPOINT_URL\":\"http://127.0.0.1:5000\","
     "\"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS\":\"true\"}",
     "", "https://ec2.us-east-1.amazonaws.com/", "ec2.us-east-1.amazonaws.com",
     "/"},
    {&service_ec2, "us-east-1", "{}",
     "[default]\nservices = mine\nendpoint_url = https://all.example\n"
     "[services mine]\nec2 =\n  endpoint_url = http://localhost:80\n",
     "http://localhost:80/", "localhost", "/"},
    {&service_sts, "us-east-1", "{}",
     "[default]\nservices = mine\nendpoint_url = https://all.example\n"
     "[services mine]\nec2 =\n  endpoint_url = http://localhost:80\n",
     "https://all.example/", "all.example", "/"},
    {&service_ec2, "us-east-1", "{\"AWS_ENDPOINT_URL\":\"ftp://x\"}", "", NULL,
     NULL, NULL},
    {&service_ec2, "us-east-1", "{\"AWS_ENDPOINT_URL\":\"https:///x\"}", "",
     NULL, NULL, NULL},
};

static void test_endpoints(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(endpoints) / sizeof(endpoints[0]); i++) {
        const struct endpoint_case *c = &endpoints[i];
        struct settings settings = {.env = json_loads(c->env, 0, NULL),
                                    .files = json_object(),
                                    .profile = "default"};
        struct fleet_error err = {0};
        struct endpoint got;
        int rc;

        assert_int_equal(
            settings_read_file(settings.files, c->file, false, &err), FLEET_OK);
        rc = endpoint_of(&settings, c->service, c->region, &got, &err);
        if (c->url) {
            assert_int_equal(rc, FLEET_OK);
            assert_string_equal(got.url, c->url);
            assert_string_equal(got.host, c->host);
            assert_string_equal(got.path, c->path);
        } else {
            assert_int_equal(rc, FLEET_ECONFIG);
            assert_non_null(strstr(err.text, "AWS_ENDPOINT_URL"));
        }
        endpoint_clear(&got);
        json_decref(settings.env);
        json_decref(settings.files);
    }
}

static void test_partitions(void **state)
{
    (void)state;
    assert_string_equal(endpoint_partition("us-gov-east-1"), "aws-us-gov");
    assert_string_equal(endpoint_partition("us-east-1"), "aws");
    assert_true(endpoint_is_region("ap-southeast-1"));
    assert_false(endpoint_is_region("us east 1"));
    assert_false(endpoint_is_region("us-east-1/x"));
    assert_false(endpoint_is_region(""));
    assert_false(endpoint_is_region(NULL));
}

/* ---- errors ---- */

#define EC2(code_, message_)                                                   \
    "<Response><Errors><Error><Code>" code_ "</Code><Message>" message_        \
    "</Message></Error></Errors><RequestID>req-1</RequestID></Response>"
#define QUERY(code_, message_)                                                 \
    "<ErrorResponse><Error><Type>Sender</Type><Code>" code_                    \
    "</Code><Message>" message_ "</Message></Error><RequestId>req-2"           \
    "</RequestId></ErrorResponse>"

struct fault_case {
    int status;
    const char *header, *body;
    enum aws_class class;
    int code, detail;
    const char *says; /* in the message */
    bool again;       /* the host tries again */
};

static const struct fault_case faults[] = {
    {200, NULL, "<R/>", AWS_FINE, FLEET_OK, 0, "", false},
    /* Not transient, although the status says so. */
    {500, NULL, EC2("InsufficientInstanceCapacity", "none in us-east-1a"),
     AWS_CAPACITY, FLEET_ECAPACITY, 500, "none in us-east-1a (request req-1)",
     false},
    {400, NULL, EC2("Unsupported", "not in this zone"), AWS_CAPACITY,
     FLEET_ECAPACITY, 400, "Unsupported", false},
    {400, NULL, EC2("SpotMaxPriceTooLow", "0.5 is needed"), AWS_CAPACITY,
     FLEET_ECAPACITY, 400, "0.5", false},
    {400, NULL, EC2("VcpuLimitExceeded", "0 vCPU"), AWS_QUOTA, FLEET_EQUOTA,
     400, "Service Quotas", false},
    {400, NULL, EC2("MaxSpotInstanceCountExceeded", "x"), AWS_QUOTA,
     FLEET_EQUOTA, 400, "", false},
    {503, NULL, EC2("RequestLimitExceeded", "slow"), AWS_THROTTLED,
     FLEET_ERATELIMITED, 503, "", true},
    {400, NULL, QUERY("Throttling", "Rate exceeded"), AWS_THROTTLED,
     FLEET_ERATELIMITED, 400, "req-2", true},
    {429, NULL, "", AWS_THROTTLED, FLEET_ERATELIMITED, 429, "HTTP 429", true},
    {503, NULL, "<html>busy<br></html>", AWS_TRANSIENT, FLEET_ETRANSIENT, 503,
     "HTTP 503", true},
    {500, NULL, EC2("SomethingNew", "x"), AWS_TRANSIENT, FLEET_ETRANSIENT, 500,
     "SomethingNew", true},
    {500, NULL, QUERY("ResourceContention", "x"), AWS_TRANSIENT,
     FLEET_ETRANSIENT, 500, "", true},
    {400, NULL, QUERY("ScalingActivityInProgress", "x"), AWS_TRANSIENT,
     FLEET_ETRANSIENT, 400, "", true},
    {403, NULL, QUERY("ExpiredToken", "x"), AWS_EXPIRED, FLEET_EAUTH, 401,
     "aws sso login", false},
    {400, NULL, EC2("RequestExpired", "x"), AWS_CLOCK, FLEET_EAUTH, 401,
     "clock", false},
    {403, NULL,
     QUERY("SignatureDoesNotMatch", "Signature expired: 2026 is now earlier"),
     AWS_CLOCK, FLEET_EAUTH, 401, "clock", false},
    {403, NULL,
     QUERY("SignatureDoesNotMatch",
           "does not match.\n\nThe Canonical String was token-of-mine"),
     AWS_CREDENTIALS, FLEET_EAUTH, 401, "does not match;", false},
    {401, NULL, EC2("AuthFailure", "x"), AWS_CREDENTIALS, FLEET_EAUTH, 401,
     "credentials", false},
    {403, NULL, QUERY("InvalidClientTokenId", "x"), AWS_CREDENTIALS,
     FLEET_EAUTH, 401, "", false},
    {403, NULL,
     EC2("UnauthorizedOperation",
         "You are not authorized to perform: ec2:CreateFleet. Encoded "
         "authorization failure message: AbCdEf"),
     AWS_FORBIDDEN, FLEET_EAUTH, 403,
     "perform: ec2:CreateFleet; the policy of these credentials", false},
    {400, NULL,
     "{\"__type\":\"com.amazonaws.ssm#AccessDeniedException:http://x\","
     "\"Message\":\"not you\"}",
     AWS_FORBIDDEN, FLEET_EAUTH, 403, "not you", false},
    {400, "x-amzn-ErrorType: ParameterNotFound:http://x", "{}", AWS_MISSING,
     FLEET_ENOTFOUND, 400, "ParameterNotFound", false},
    {400, NULL, EC2("InvalidInstanceID.NotFound", "i-1"), AWS_MISSING,
     FLEET_ENOTFOUND, 400, "i-1", false},
    {400, NULL, QUERY("ValidationError", "AutoScalingGroup name not found"),
     AWS_MISSING, FLEET_ENOTFOUND, 400, "", false},
    {400, NULL, QUERY("ValidationError", "wrong"), AWS_WRONG, FLEET_EINVALID,
     400, "wrong", false},
    {400, NULL, EC2("InvalidKeyPair.Duplicate", "x"), AWS_EXISTS,
     FLEET_ECONFLICT, 400, "", false},
    {400, NULL, EC2("OperationNotPermitted", "protected"), AWS_STATE,
     FLEET_ELOCKED, 400, "protected", false},
    {400, NULL, EC2("UnsupportedOperation", "spot"), AWS_STATE,
     FLEET_EUNSUPPORTED, 400, "", false},
    {400, NULL, EC2("IncorrectInstanceState", "x"), AWS_STATE, FLEET_ECONFLICT,
     400, "", false},
    {400, NULL, EC2("IdempotentParameterMismatch", "x"), AWS_REUSED,
     FLEET_ECONFLICT, 400, "", false},
    {412, NULL, EC2("DryRunOperation", "would have"), AWS_DRY, FLEET_OK, 412,
     "", false},
    {404, NULL, "not found", AWS_WRONG, FLEET_EINVALID, 404, "HTTP 404", false},
    {400, NULL, EC2("InvalidParameterValue", "x"), AWS_WRONG, FLEET_EINVALID,
     400, "", false},
};

static void check_fault(const struct fault_case *c)
{
    struct fleet_answer answer = {.status = c->status};
    struct fleet_error err = {0}, judged = {0};
    struct aws_fault fault;

    fl_buf_init(&answer.body, 1 << 16);
    fl_buf_puts(&answer.body, c->body);
    if (c->header)
        fl_strv_add(&answer.headers, c->header);
    assert_int_equal(aws_read_fault(&answer, &fault, &err), c->code);
    if (fault.class != c->class)
        fail_msg("%s: class %d", c->body, fault.class);
    assert_int_equal(err.detail, c->detail);
    if (!strstr(err.text, c->says))
        fail_msg("'%s' does not say '%s'", err.text, c->says);
    assert_null(strstr(err.text, "AbCdEf"));
    assert_null(strstr(err.text, "token-of-mine"));
    assert_int_equal(aws_judge(&answer, &judged), c->again ? c->code : 0);
    fl_strv_clear(&answer.headers);
    fl_buf_clear(&answer.body);
}

static void test_faults(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
        check_fault(&faults[i]);
}

/* Every code that AWS is known to give, whatever call it comes from. */
static const struct {
    enum aws_class class;
    int kind;
    const char *codes; /* blanks between */
} classes[] = {
    {AWS_CAPACITY, FLEET_ECAPACITY,
     "InsufficientInstanceCapacity InsufficientHostCapacity "
     "InsufficientReservedInstanceCapacity InsufficientCapacity "
     "UnfulfillableCapacity ReservationCapacityExceeded SpotMaxPriceTooLow "
     "Unsupported InsufficientFreeAddressesInSubnet"},
    {AWS_QUOTA, FLEET_EQUOTA,
     "VcpuLimitExceeded MaxSpotInstanceCountExceeded InstanceLimitExceeded "
     "MaxFleetCountExceeded VolumeLimitExceeded MaxIOPSLimitExceeded "
     "AddressLimitExceeded SecurityGroupLimitExceeded VpcLimitExceeded "
     "LimitExceeded LimitExceededException"},
    {AWS_THROTTLED, FLEET_ERATELIMITED,
     "RequestLimitExceeded EC2ThrottledException Throttling "
     "ThrottlingException ThrottledException RequestThrottled "
     "RequestThrottledException TooManyRequestsException SlowDown "
     "BandwidthLimitExceeded PriorRequestNotComplete"},
    {AWS_TRANSIENT, FLEET_ETRANSIENT,
     "InternalError InternalFailure ServiceUnavailable Unavailable "
     "RequestTimeout RequestTimeoutException ResourceContention "
     "ScalingActivityInProgress ConcurrentTagAccess ServiceLinkedRoleFailure "
     "IDPCommunicationError"},
    {AWS_EXPIRED, FLEET_EAUTH, "ExpiredToken ExpiredTokenException"},
    {AWS_CLOCK, FLEET_EAUTH,
     "RequestExpired RequestInTheFuture RequestTimeTooSkewed"},
    {AWS_CREDENTIALS, FLEET_EAUTH,
     "AuthFailure InvalidClientTokenId UnrecognizedClientException "
     "SignatureDoesNotMatch InvalidSignatureException IncompleteSignature "
     "MissingAuthenticationToken OptInRequired PendingVerification Blocked "
     "RegionDisabledException"},
    {AWS_FORBIDDEN, FLEET_EAUTH,
     "UnauthorizedOperation AccessDenied AccessDeniedException "
     "AuthFailure.ServiceLinkedRoleCreationNotPermitted"},
    {AWS_MISSING, FLEET_ENOTFOUND,
     "InvalidInstanceID.NotFound InvalidLaunchTemplateId.NotFound "
     "InvalidLaunchTemplateName.NotFoundException InvalidGroup.NotFound "
     "InvalidSubnetID.NotFound InvalidVpcID.NotFound InvalidKeyPair.NotFound "
     "InvalidAMIID.NotFound InvalidAMIID.Unavailable InvalidSnapshot.NotFound "
     "InvalidAllocationID.NotFound ParameterNotFound QueueDoesNotExist "
     "AWS.SimpleQueueService.NonExistentQueue"},
    {AWS_EXISTS, FLEET_ECONFLICT,
     "InvalidKeyPair.Duplicate InvalidGroup.Duplicate "
     "InvalidPermission.Duplicate "
     "InvalidLaunchTemplateName.AlreadyExistsException AlreadyExists "
     "AlreadyExistsException TokenAlreadyExistsException EntityAlreadyExists "
     "QueueNameExists"},
    {AWS_STATE, FLEET_ECONFLICT,
     "IncorrectInstanceState IncorrectState IncorrectSpotRequestState "
     "ResourceInUse DependencyViolation"},
    {AWS_STATE, FLEET_EUNSUPPORTED, "UnsupportedOperation"},
    {AWS_STATE, FLEET_ELOCKED, "OperationNotPermitted"},
    {AWS_REUSED, FLEET_ECONFLICT, "IdempotentParameterMismatch"},
    {AWS_WRONG, FLEET_EINVALID,
     "InvalidParameterValue InvalidParameterCombination InvalidParameter "
     "MissingParameter UnknownParameter InvalidRequest ValidationError "
     "ValidationException InvalidAction InvalidBlockDeviceMapping "
     "InvalidUserData.Malformed InvalidAMIID.Malformed "
     "InvalidInstanceID.Malformed MalformedQueryString SomethingNew"},
};

/* The code counts, whatever the status: that of capacity is 500 at times. */
static void check_code(const char *code, enum aws_class class, int kind)
{
    static const int statuses[] = {400, 403, 500};
    struct aws_fault fault = {.class = class};
    struct fleet_error err = {0};

    for (size_t i = 0; i < 3; i++) {
        if (class == AWS_WRONG && statuses[i] == 500)
            continue;
        if (aws_classify(code, statuses[i], "x") != class)
            fail_msg("%s, %d: class %d", code, statuses[i],
                     aws_classify(code, statuses[i], "x"));
    }
    snprintf(fault.code, sizeof(fault.code), "%s", code);
    assert_int_equal(aws_explain(&fault, 400, &err), kind);
    if (!strstr(err.text, code))
        fail_msg("'%s' does not say %s", err.text, code);
}

static void test_codes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
        const char *at = classes[i].codes;
        char code[96];

        while (*at) {
            size_t len = strcspn(at, " ");

            snprintf(code, sizeof(code), "%.*s", (int)len, at);
            check_code(code, classes[i].class, classes[i].kind);
            at += len + (at[len] == ' ');
        }
    }
}

/* What a group's activities tell in words. */
static void test_words(void **state)
{
    static const struct {
        const char *text, *code;
    } rows[] = {
        {"We currently do not have sufficient g5.xlarge capacity in the "
         "Availability Zone you requested (us-east-1a). Launching EC2 "
         "instance failed.",
         "InsufficientInstanceCapacity"},
        {"You have requested more vCPU capacity than your current vCPU limit "
         "of 8 allows. Launching EC2 instance failed.",
         "VcpuLimitExceeded"},
        {"Max spot instance count exceeded. Launching EC2 instance failed.",
         "MaxSpotInstanceCountExceeded"},
        {"Your Spot request price of 0.1 is lower than the minimum required "
         "Spot request fulfillment price of 0.3.",
         "SpotMaxPriceTooLow"},
        {"Could not launch Spot Instances. InsufficientInstanceCapacity - "
         "There is no capacity. Launching EC2 instance failed.",
         "InsufficientInstanceCapacity"},
        {"Your requested instance type (p5.48xlarge) is not supported in your "
         "requested Availability Zone (us-east-1e).",
         "Unsupported"},
        {"There are not enough free addresses in subnet 'subnet-1' to satisfy "
         "the requested number of instances.",
         "InsufficientFreeAddressesInSubnet"},
        {"The image id '[ami-1]' does not exist.", ""},
        {"", ""},
        {NULL, ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_string_equal(aws_code_in(rows[i].text), rows[i].code);
    assert_int_equal(aws_by_words("You are not authorized to perform this"),
                     AWS_FORBIDDEN);
    assert_int_equal(aws_by_words("AutoScalingGroup name not found"),
                     AWS_MISSING);
    assert_int_equal(aws_by_words("wrong"), AWS_WRONG);
}

static void test_quotas(void **state)
{
    (void)state;
    assert_string_equal(aws_quota_code("g5.xlarge", false), "L-DB2E81BA");
    assert_string_equal(aws_quota_code("g5.xlarge", true), "L-3819A6DF");
    assert_string_equal(aws_quota_code("p4d.24xlarge", false), "L-417A185B");
    assert_string_equal(aws_quota_code("p5.48xlarge", true), "L-C4BD4855");
    assert_string_equal(aws_quota_code("t3.medium", false), "L-1216C47A");
    assert_string_equal(aws_quota_code("trn1.2xlarge", false), "L-2C3B7624");
    assert_string_equal(aws_quota_code("u-6tb1.metal", false), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_signatures),    cmocka_unit_test(test_digest),
        cmocka_unit_test(test_forms),         cmocka_unit_test(test_xml),
        cmocka_unit_test(test_form_too_long), cmocka_unit_test(test_xml_depth),
        cmocka_unit_test(test_paths),         cmocka_unit_test(test_endpoints),
        cmocka_unit_test(test_partitions),    cmocka_unit_test(test_faults),
        cmocka_unit_test(test_quotas),        cmocka_unit_test(test_codes),
        cmocka_unit_test(test_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
