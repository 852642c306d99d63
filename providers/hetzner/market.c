/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "providers/hetzner/market.h"

#include <fleet/log.h>
#include <stdio.h>
#include <string.h>

int market_types(struct hetzner *h, const json_t **types,
                 struct fleet_error *err)
{
    int rc = hetzner_enter(h, err);

    if (rc < 0)
        return rc;
    if (!h->types)
        rc = hetzner_read_all(h, "/server_types", "", "server_types", &h->types,
                              err);
    if (rc == FLEET_OK)
        *types = h->types;
    hetzner_leave(h);
    return rc;
}

/* ---- prices ---- */

/* Under the lock. */
static int read_pricing(struct hetzner *h, struct fleet_error *err)
{
    AUTO_JSON json_t *answer = NULL;
    const json_t *pricing;
    int rc = hetzner_read(h, &answer, err, "/pricing");

    if (rc == FLEET_OK)
        rc = parse_wrapped(answer, "pricing", &pricing, err);
    if (rc == FLEET_OK)
        h->pricing = json_incref((json_t *)pricing);
    return rc;
}

int market_tariff(struct hetzner *h, struct tariff *tariff,
                  struct fleet_error *err)
{
    int rc = hetzner_enter(h, err);

    if (rc < 0)
        return rc;
    if (!h->pricing)
        rc = read_pricing(h, err);
    if (rc == FLEET_OK)
        *tariff = (struct tariff){
            .pricing = h->pricing,
            .net = strcmp(h->config->prices, "net") == 0,
        };
    hetzner_leave(h);
    return rc;
}

void market_tariff_if_any(struct hetzner *h, struct tariff *tariff)
{
    struct fleet_error why = {0};
    bool skip = false, first;

    *tariff = (struct tariff){0};
    if (hetzner_enter(h, &why) == FLEET_OK) {
        skip = !h->pricing && h->no_pricing;
        hetzner_leave(h);
    }
    if (skip || market_tariff(h, tariff, &why) == FLEET_OK)
        return;
    if (hetzner_enter(h, NULL) < 0)
        return;
    first = !h->no_pricing;
    h->no_pricing = true;
    hetzner_leave(h);
    if (first)
        fleet_log(FLEET_LOG_WARNING, "hetzner", "prices are not known: %s",
                  why.text);
}

/* ---- images ---- */

static bool is_number(const char *text)
{
    return *text && !text[strspn(text, "0123456789")];
}

static const json_t *pick(const json_t *images, const char *name,
                          const char *architecture)
{
    return name ? parse_image(images, name, architecture)
                : parse_newest_ubuntu(images, architecture);
}

/* *image stays NULL when there is none. */
static int look_up(struct hetzner *h, const char *name,
                   const char *architecture, json_t **image,
                   struct fleet_error *err)
{
    AUTO_FREE char *query = NULL, *value = name ? api_escape(name) : NULL;
    AUTO_FREE char *machine = api_escape(architecture);
    AUTO_JSON json_t *images = NULL;
    int rc;

    if ((name && !value) || !machine ||
        asprintf(&query, "%s%s%sarchitecture=%s&status=available&",
                 name ? "name=" : "type=system", name ? value : "",
                 name ? "&include_deprecated=true&" : "&", machine) < 0) {
        query = NULL;
        return api_enomem(err);
    }
    rc = hetzner_read_all(h, "/images", query, "images", &images, err);
    if (rc == FLEET_OK)
        *image = json_incref((json_t *)pick(images, name, architecture));
    return rc;
}

/* A snapshot has no name. */
static int look_up_id(struct hetzner *h, const char *id,
                      const char *architecture, json_t **image,
                      struct fleet_error *err)
{
    AUTO_JSON json_t *answer = NULL;
    const json_t *found;
    const char *has;
    int rc = hetzner_read(h, &answer, err, "/images/%s", id);

    if (rc == FLEET_ENOTFOUND)
        return FLEET_OK;
    if (rc == FLEET_OK)
        rc = parse_wrapped(answer, "image", &found, err);
    if (rc < 0)
        return rc;
    has = api_text(found, "architecture");
    if (has && strcmp(has, architecture) == 0)
        *image = json_incref((json_t *)found);
    return FLEET_OK;
}

/* Under the lock. *image: borrowed; null where there is none. */
static int image_for(struct hetzner *h, const char *name,
                     const char *architecture, const json_t **image,
                     struct fleet_error *err)
{
    AUTO_FREE char *key = NULL;
    AUTO_JSON json_t *found = NULL;
    int rc;

    if (asprintf(&key, "%s %s", name ? name : "", architecture) < 0) {
        key = NULL;
        return api_enomem(err);
    }
    *image = json_object_get(h->images, key);
    if (*image)
        return FLEET_OK;
    rc = name && is_number(name)
             ? look_up_id(h, name, architecture, &found, err)
             : look_up(h, name, architecture, &found, err);
    if (rc < 0)
        return rc;
    if (!found)
        found = json_null();
    if (!h->images)
        h->images = json_object();
    if (json_object_set(h->images, key, found) < 0)
        return api_enomem(err);
    *image = json_object_get(h->images, key);
    return FLEET_OK;
}

static int check_image(const json_t *image, const char *name,
                       const json_t *type, int64_t *id, struct fleet_error *err)
{
    const char *type_name = api_text(type, "name");
    double needs, has;

    if (!api_int(image, "id", id) || *id <= 0)
        return fleet_fail(err, FLEET_EINVALID,
                          "there is no image %.80s for the architecture of "
                          "%.60s: set HETZNER_IMAGE",
                          name ? name : "of Ubuntu", type_name);
    if (api_number(image, "disk_size", &needs) &&
        api_number(type, "disk", &has) && needs > has)
        return fleet_fail(err, FLEET_EINVALID,
                          "the image needs a disk of %.0f GB, %.60s has %.0f",
                          needs, type_name, has);
    return FLEET_OK;
}

/* IMAGE is often that of containers, which only other providers can run. */
static int choose_name(const struct hetzner *h, const char *wanted,
                       const char **name, struct fleet_error *err)
{
    *name = h->config->image ? h->config->image : wanted;
    if (*name && strpbrk(*name, "/:"))
        return fleet_fail(err, FLEET_ECONFIG,
                          "%.100s is an image of containers; servers need one "
                          "like ubuntu-24.04: set HETZNER_IMAGE",
                          *name);
    return FLEET_OK;
}

int market_image(struct hetzner *h, const char *wanted, const json_t *type,
                 int64_t *image, struct fleet_error *err)
{
    const char *architecture = api_text(type, "architecture");
    const json_t *found = NULL;
    const char *name;
    int rc = choose_name(h, wanted, &name, err);

    if (rc < 0)
        return rc;
    if (!architecture || !*architecture)
        return fleet_fail(err, FLEET_EINVALID,
                          "the architecture of %.60s is not told",
                          api_text(type, "name"));
    rc = hetzner_enter(h, err);
    if (rc < 0)
        return rc;
    rc = image_for(h, name, architecture, &found, err);
    hetzner_leave(h);
    return rc < 0 ? rc : check_image(found, name, type, image, err);
}
