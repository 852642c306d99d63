/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/net/httpurl.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static bool is_loopback(const char *host)
{
    struct in_addr v4;

    if (strcasecmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0)
        return true;
    return inet_pton(AF_INET, host, &v4) == 1 &&
           (ntohl(v4.s_addr) >> 24) == 127;
}

/* The two addresses that stand in for it in IPv6: fd00:0ec2::254 and ::23. */
static bool is_metadata6(const char *host)
{
    static const unsigned char net[14] = {0xfd, 0x00, 0x0e, 0xc2};
    struct in6_addr v6;
    char text[64];
    size_t len = strlen(host);

    if (len < 3 || len >= sizeof(text) || host[0] != '[')
        return false;
    snprintf(text, sizeof(text), "%.*s", (int)len - 2, host + 1);
    if (inet_pton(AF_INET6, text, &v6) != 1 ||
        memcmp(v6.s6_addr, net, sizeof(net)) != 0)
        return false;
    return (v6.s6_addr[14] == 0x02 && v6.s6_addr[15] == 0x54) ||
           (v6.s6_addr[14] == 0x00 && v6.s6_addr[15] == 0x23);
}

/* 169.254.0.0/16: no router passes it on. */
static bool is_metadata(const char *host)
{
    struct in_addr v4;

    return is_metadata6(host) || (inet_pton(AF_INET, host, &v4) == 1 &&
                                  (ntohl(v4.s_addr) >> 16) == 0xa9fe);
}

/* One part of the URL into OUT; false where it has none. */
static bool part(CURLU *parsed, CURLUPart which, char *out, size_t size)
{
    char *text = NULL;
    bool fits = curl_url_get(parsed, which, &text, 0) == CURLUE_OK && text &&
                strlen(text) < size;

    if (fits)
        snprintf(out, size, "%s", text);
    curl_free(text);
    return fits;
}

static int read_parts(CURLU *parsed, const char *text, bool metadata,
                      struct fl_http_url *url, struct fleet_error *err)
{
    char scheme[8];
    char *user = NULL;
    bool has_user;

    if (!parsed || curl_url_set(parsed, CURLUPART_URL, text, 0) != CURLUE_OK ||
        !part(parsed, CURLUPART_SCHEME, scheme, sizeof(scheme)) ||
        !part(parsed, CURLUPART_HOST, url->host, sizeof(url->host)) ||
        (strcmp(scheme, "https") != 0 && strcmp(scheme, "http") != 0))
        return fleet_fail(err, FLEET_ECONFIG,
                          "an address that is no https URL; check the setting "
                          "of the endpoint");
    has_user = curl_url_get(parsed, CURLUPART_USER, &user, 0) == CURLUE_OK;
    curl_free(user);
    if (has_user)
        return fleet_fail(err, FLEET_ECONFIG,
                          "%s: an endpoint may not have a user name or "
                          "password in its URL",
                          url->host);
    url->loopback = is_loopback(url->host);
    url->metadata = metadata && is_metadata(url->host);
    if (strcmp(scheme, "http") == 0 && !url->loopback && !url->metadata)
        return fleet_fail(err, FLEET_ECONFIG,
                          "%s: plain http goes to the loopback only; use "
                          "https",
                          url->host);
    return FLEET_OK;
}

int fl_http_url_read(const char *text, bool metadata, struct fl_http_url *url,
                     struct fleet_error *err)
{
    CURLU *parsed = curl_url();
    int rc;

    memset(url, 0, sizeof(*url));
    rc = read_parts(parsed, text, metadata, url, err);
    curl_url_cleanup(parsed);
    return rc;
}
