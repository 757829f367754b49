
/*
 * libFuzzer target of connection health: a report is accepted only for the
 * merchant that was asked for, and its state is never better than what a
 * second reading, by jansson alone, finds in it.  The first byte chooses a
 * report or a list of reports.
 */

#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <jansson.h>

#include "violet_json.h"
#include "violet_report.h"


#define FUZZ_REPORT_MERCHANT  42


int fuzz_report(const uint8_t *data, size_t size);


static int
fuzz_report_known(const char *key)
{
    size_t  i;

    static const char *const  names[] = {
        "connection", "scope_validation", "scopeValidation", "sync_status",
        "syncStatus", "invalid_products", "invalidProducts",
        "offers_published", "offersPublished", "payout_account",
        "payoutAccount", "migration", "commission_rate", "commissionRate"
    };

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {

        if (strcmp(key, names[i]) == 0) {
            return 1;
        }
    }

    return 0;
}


static int
fuzz_report_word(const json_t *value, const char *const *words)
{
    for ( /* void */ ; json_is_string(value) && *words; words++) {

        if (strcasecmp(json_string_value(value), *words) == 0) {
            return 1;
        }
    }

    return 0;
}


/* The state that one section, or one status of the merchant, allows. */

static violet_report_state_t
fuzz_report_section(const char *key, const json_t *value)
{
    const json_t  *status;

    static const char *const  bad[] = { "NEEDS_ATTENTION", "ERROR", NULL };
    static const char *const  poor[] = { "INCOMPLETE", NULL };
    static const char *const  good[] = { "COMPLETE", "NOT_APPLICABLE", NULL };

    status = json_object_get(value, "status");

    if (fuzz_report_word(status, bad)) {
        return VIOLET_REPORT_BLOCKED;
    }

    if (fuzz_report_word(status, poor)) {
        return VIOLET_REPORT_DEGRADED;
    }

    return fuzz_report_known(key) && !json_is_null(value)
           && !fuzz_report_word(status, good)
           ? VIOLET_REPORT_DEGRADED : VIOLET_REPORT_READY;
}


static violet_report_state_t
fuzz_report_merchant(const json_t *value)
{
    static const char *const  good[] = { "ACTIVE", NULL };
    static const char *const  bad[] = { "INACTIVE", "FOR_DELETION",
                                        "APPLICATION_DENIED", NULL };

    if (value == NULL || json_is_null(value) || fuzz_report_word(value, good)) {
        return VIOLET_REPORT_READY;
    }

    if (json_is_string(value)
        && (fuzz_report_word(value, bad)
            || strncasecmp(json_string_value(value), "DISABLED", 8) == 0))
    {
        return VIOLET_REPORT_BLOCKED;
    }

    return VIOLET_REPORT_DEGRADED;
}


/*
 * Worsens *state by one report.  Returns 1 if it is the merchant's (with 0:
 * that of any merchant) and has a section that is known.
 */

static int
fuzz_report_read(json_t *report, json_int_t merchant,
    violet_report_state_t *state)
{
    int                     sections;
    size_t                  i, ids;
    json_t                 *value;
    const char             *key;
    violet_id_t             id;
    violet_report_state_t   seen;

    static const char *const  names[] = { "merchant_id", "merchantId" };

    if (!json_is_object(report)) {
        return 0;
    }

    for (i = ids = 0; i < 2; i++) {
        value = json_object_get(report, names[i]);

        if (value == NULL || json_is_null(value)) {
            continue;
        }

        id = violet_json_to_id(value);

        if (!id.known || id.value < 1 || id.value > INT_MAX
            || (merchant && id.value != merchant))
        {
            return 0;
        }

        merchant = id.value;
        ids++;
    }

    sections = 0;

    json_object_foreach(report, key, value) {
        sections += fuzz_report_known(key) && json_is_object(value);
        seen = fuzz_report_section(key, value);
        *state = seen > *state ? seen : *state;
    }

    value = json_object_get(report, "connection");

    if (value == NULL || json_is_null(value)) {
        seen = VIOLET_REPORT_DEGRADED;
        *state = seen > *state ? seen : *state;
    }

    seen = fuzz_report_merchant(json_object_get(report, "merchant_status"));
    *state = seen > *state ? seen : *state;
    seen = fuzz_report_merchant(json_object_get(report, "merchantStatus"));
    *state = seen > *state ? seen : *state;

    return ids && sections;
}


static int
fuzz_report_jansson(json_t *root, int list, violet_report_state_t *state)
{
    int     valid;
    size_t  i;

    *state = VIOLET_REPORT_READY;

    if (!list) {
        return fuzz_report_read(root, FUZZ_REPORT_MERCHANT, state);
    }

    valid = json_is_array(root);

    for (i = 0; valid && i < json_array_size(root); i++) {
        valid = fuzz_report_read(json_array_get(root, i), 0, state);
    }

    return valid;
}


int
fuzz_report(const uint8_t *data, size_t size)
{
    int                     list, rc, valid;
    char                   *body;
    json_t                 *root;
    json_error_t            error;
    violet_report_check_t   report;
    violet_report_state_t   state;

    if (size == 0) {
        return 0;
    }

    /* a block of its own, so that a read past its end is seen */

    body = malloc(size);

    if (body == NULL) {
        abort();
    }

    size--;
    memcpy(body, data + 1, size);

    list = data[0] & 1;
    rc = list ? violet_report_list_check(body, size, &report)
              : violet_report_check(body, size, FUZZ_REPORT_MERCHANT, &report);

    if (rc != 0 && report.reason == NULL) {
        abort();
    }

    (void) violet_report_is_refusal(body, size);

    /*
     * neither what jansson refuses, nor what has two readings, nor a NUL, which
     * jansson passes over after a number
     */

    root = memchr(body, '\0', size)
           ? NULL : json_loadb(body, size, JSON_ALLOW_NUL
                                           | JSON_REJECT_DUPLICATES, &error);
    free(body);

    if (root == NULL) {
        return 0;
    }

    valid = fuzz_report_jansson(root, list, &state);
    json_decref(root);

    if (rc == 0 ? !valid || report.state != state
                : valid && strcmp(report.reason, "nested too deep") != 0
                        && strcmp(report.reason, "too many values") != 0)
    {
        abort();
    }

    return 0;
}
